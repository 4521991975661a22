import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { issueKey, type TestKey } from '../support/keys.ts'
import { watch } from './support.ts'

const PRICES = { '*': { input: 2.5, cachedInput: 1.25, output: 10 } }

/**
 * Models, each asked at `east` first and then at `west`: healthy ones, and ones that are cut, fall silent, are
 * limited, or are refused by both.
 */
const MODELS: Readonly<Record<string, readonly [east: string, west?: string]>> = {
  'long-story': ['sim:tokens=6000,interval=14ms'],
  'quick-note': ['sim:tokens=60,interval=2ms'],
  'deep-thought': ['sim:tokens=3000,interval=30ms,reasoning=80,first=400ms'],
  'cut-story': ['sim:tokens=120,interval=4ms,fault=cut@50', 'sim:tokens=120,interval=4ms'],
  'silent-story': ['sim:tokens=90,interval=4ms,fault=stall@30', 'sim:tokens=90,interval=4ms'],
  limited: ['sim:tokens=60,interval=3ms,fault=http-429', 'sim:tokens=60,interval=3ms'],
  broken: ['sim:fault=http-503'],
  'rescued-story': ['sim:tokens=5000,interval=16ms,fault=cut@40', 'sim:tokens=5000,interval=16ms'],
  'slow-thought': ['sim:tokens=4000,interval=25ms,first=9000ms'],
  sleepy: ['sim:tokens=900,interval=6000ms'],
  doomed: ['sim:tokens=60,interval=3ms,fault=cut@20', 'sim:tokens=60,interval=3ms,fault=error-object@0'],
}

/** A gateway of a team: two providers, three keys with limits, an admin. */
export interface OperatorHouse extends AsyncDisposable {
  readonly rig: Rig
  readonly admin: TestKey
  readonly callers: readonly TestKey[]
  /** Asks a model with one of the keys; the answer is read in the background. Resolves with the stream's id. */
  ask(caller: number, model: string): Promise<string>
  /** Ends what is open and waits for it. */
  quiet(): Promise<void>
  /** What the admin API says. */
  api<T>(path: string): Promise<T>
}

/** Starts it. `names`: of the three keys. */
export async function startOperatorHouse(
  names: readonly [string, string, string] = ['web-app', 'research', 'batch'],
): Promise<OperatorHouse> {
  const rig = await startRig({
    config: ({ url }) => {
      const provider = (name: string) => plainProvider(url, { name, continuation: 'continue_final_message' })
      const [east, west] = [provider('east'), provider('west')]
      const routes = Object.entries(MODELS).map(([name, [first, second]]) => {
        // Who falls silent is given up soon, but for the one that only sleeps.
        const deadlines = { betweenTokens: name === 'sleepy' ? 60_000 : 900 }
        const others = second === undefined ? [] : [target(west, second, deadlines)]
        return [name, route(name, [target(east, first, deadlines), ...others])] as const
      })
      return {
        providers: new Map([
          ['east', east],
          ['west', west],
        ]),
        routes: new Map(routes),
        prices: {
          models: {},
          providers: new Map([
            ['east', PRICES],
            ['west', PRICES],
          ]),
        },
      }
    },
  })
  const { server } = rig
  const admin = issueKey(server, { name: 'operator', scope: 'admin' })
  const [first, second, third] = names
  const callers = [
    issueKey(server, {
      name: first,
      limits: { requestsPerMinute: 6_000, maxConcurrent: 40, budget: { nanoDollars: 20_000_000_000, period: 'month' } },
    }),
    issueKey(server, { name: second, limits: { tokensPerMinute: 2_000_000, maxConcurrent: 30 } }),
    issueKey(server, { name: third }),
  ]
  const reads = new Set<Promise<unknown>>()
  const aborter = new AbortController()
  return {
    rig,
    admin,
    callers,
    async ask(caller, model) {
      const key = callers[caller % callers.length]
      const response = await rig.chat(
        { model, stream: true, max_tokens: 8_000 },
        {
          signal: aborter.signal,
          headers: {
            'content-type': 'application/json',
            'x-stream-on-disconnect': 'cancel',
            ...key?.headers,
          },
        },
      )
      const read = response
        .text()
        .catch(() => undefined)
        .finally(() => reads.delete(read))
      reads.add(read)
      return response.headers.get('x-stream-id') ?? ''
    },
    async quiet() {
      aborter.abort()
      await Promise.all(reads)
    },
    async api<T>(path: string): Promise<T> {
      const answer: T = await (await fetch(`${server.url}${path}`, { headers: admin.headers })).json()
      return answer
    },
    async [Symbol.asyncDispose]() {
      aborter.abort()
      await rig[Symbol.asyncDispose]()
    },
  }
}

/** The load of a busy minute: some sixty streams, a third of them in trouble. */
export async function makeBusy(house: OperatorHouse): Promise<readonly string[]> {
  const short = ['quick-note', 'doomed', 'limited', 'silent-story', 'quick-note', 'limited', 'cut-story', 'doomed']
  const long = ['long-story', 'rescued-story', 'deep-thought', 'long-story', 'sleepy', 'slow-thought', 'long-story']
  const asked = short.map((model, i) => house.ask(i, model))
  for (let i = 0; i < 45; i++) asked.push(house.ask(i, long[(i * 3) % long.length] ?? 'long-story'))
  for (let i = 0; i < 6; i++) asked.push(house.ask(0, 'broken'))
  return Promise.all(asked)
}

/** The operator's page in a browser. */
export interface OperatorVisit extends AsyncDisposable {
  readonly page: Page
  readonly wrongs: readonly string[]
}

/** Opens the page and signs in with the admin's key. */
export async function visitOperator(
  browser: Browser,
  house: OperatorHouse,
  options: BrowserContextOptions = {},
): Promise<OperatorVisit> {
  // A checkout builds its page when it is first asked for: not within the time that the page is given.
  await (await fetch(`${house.rig.server.url}/streams`)).text()
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', ...options })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const wrongs = watch(page, house.rig.server.url)
  await page.goto(`${house.rig.server.url}/streams`)
  await page.getByLabel('API key').fill(house.admin.key)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Open streams' }).waitFor()
  return { page, wrongs, [Symbol.asyncDispose]: () => context.close() }
}

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'

/** What keeps Chromium from talking to its makers, and lets it run as root and without a display. */
const FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
const NAMES: readonly string[] = ['chromium', 'chromium-browser', 'google-chrome']

/** The system's Chromium. @throws Error that says how to get it. */
export async function launch(): Promise<Browser> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  const executablePath = process.env['CHROMIUM'] ?? files.find((file) => existsSync(file))
  if (executablePath === undefined) throw new Error('Chromium is missing: run "node scripts/setup-system.mjs test"')
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS] })
}

/** A gateway with the page, in front of the simulator alone: `default`, `slow`, and every name. */
export function startHouse(models: Readonly<Record<string, string>> = {}): Promise<Rig> {
  const named = { default: 'sim:tokens=120,interval=2ms', slow: 'sim:tokens=400,interval=10ms', ...models }
  return startRig({
    config: (simulator) => {
      const provider = plainProvider(simulator.url, { name: 'simulator' })
      const routes = Object.entries(named).map(
        ([name, model]) => [name, route(name, [target(provider, model)])] as const,
      )
      return { passthrough: provider, routes: new Map(routes) }
    },
  })
}

/** A page and what it did that it should not have. */
export interface Visit extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors, refused policies, dialogs, and requests to anybody but the gateway. */
  readonly wrongs: readonly string[]
}

/** Opens the page of a house. `model`: what new conversations are asked with. */
export async function visit(
  browser: Browser,
  house: Rig,
  options: BrowserContextOptions & { readonly model?: string; readonly hash?: string } = {},
): Promise<Visit> {
  const { model = 'default', hash = '', ...rest } = options
  // A checkout builds its page when it is first asked for: not within the time that the page is given.
  await (await fetch(new URL('/', house.url))).text()
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, locale: 'en-GB', ...rest })
  // Longer than anything here takes: what is not there by then will not come.
  context.setDefaultTimeout(10_000)
  await context.addInitScript((name) => {
    if (localStorage.getItem('sluice.model') === null) localStorage.setItem('sluice.model', name)
  }, model)
  const page = await context.newPage()
  const wrongs = watch(page, new URL(house.url).origin)
  await page.goto(`${new URL(house.url).origin}/${hash}`)
  await page.getByRole('textbox', { name: /Ask anything|Спросите|Hỏi|请输入/ }).waitFor()
  return { page, context, wrongs, [Symbol.asyncDispose]: () => context.close() }
}

/** Gathers what a page does that it should not. */
export function watch(page: Page, origin: string): readonly string[] {
  const wrongs: string[] = []
  page.on('pageerror', (error) => wrongs.push(`error: ${error.message}`))
  page.on('dialog', (dialog) => {
    wrongs.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    // A network that is gone, or a status that the test asked for, is no wrong of the page.
    if (message.type() === 'error' && !/Failed to load resource|net::ERR/.test(message.text()))
      wrongs.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('data:') && !url.startsWith('blob:')) wrongs.push(`request: ${url}`)
  })
  return wrongs
}

/** Writes into the field and sends. */
export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Ask anything' }).fill(text)
  await page.keyboard.press('Enter')
}

/** Waits until no answer is coming. */
export async function answered(page: Page, count: number = 1): Promise<void> {
  await page
    .locator('article[aria-busy="false"]')
    .nth(count - 1)
    .waitFor({ timeout: 30_000 })
  await page.locator('article[aria-busy="true"]').waitFor({ state: 'detached', timeout: 30_000 })
}

/** An answer as the browser has kept it. */
export interface KeptAnswer {
  readonly text: string
  readonly status: string
  readonly resumed: number
  readonly streamId?: string
}

/** The last answer of the conversation that the page shows, as it is kept; waits until it is kept as ended. */
export async function keptAnswer(page: Page): Promise<KeptAnswer> {
  const handle = await page.waitForFunction(async () => {
    const request = indexedDB.open('sluice')
    const database = await new Promise<IDBDatabase>((resolve) => (request.onsuccess = () => resolve(request.result)))
    const get = database.transaction('conversations').objectStore('conversations').get(location.hash.slice(1))
    await new Promise((resolve) => (get.onsuccess = resolve))
    database.close()
    const messages: { role: string; status?: string }[] = get.result?.messages ?? []
    const last = messages.findLast(({ role }) => role === 'assistant')
    return last !== undefined && last.status !== 'waiting' && last.status !== 'streaming' ? last : undefined
  })
  return (await handle.jsonValue()) as unknown as KeptAnswer
}

/** Requests for answers that the provider saw. */
export function generations(house: Rig): number {
  return house.simulator.requests.filter(({ path }) => path.endsWith('/chat/completions')).length
}

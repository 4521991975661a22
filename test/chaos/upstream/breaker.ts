import { setTimeout } from 'node:timers/promises'
import { serve } from '../../../src/node/serve.ts'
import { startSimulator } from '../../../src/simulator/index.ts'
import { gatewayConfig, keepingLogger, plainProvider, route, target } from '../../support/gateway.ts'
import type { Random } from '../random.ts'
import { seconds, table } from '../table.ts'
import type { Violations } from '../violations.ts'
import { HANGS, modelSchedules, RECOVERY, SILENT } from './breaker-model.ts'
import { startFlappingProvider, type FlappingProvider } from './flapping-provider.ts'
import { ask } from './reading.ts'

/** One time of trouble: ill and well by turns, in milliseconds, then well for good. */
interface Trouble {
  readonly name: string
  readonly turns: readonly number[]
  /** While it is ill it takes requests and says nothing, and they wait so long for a response head, milliseconds. */
  readonly head?: number
}

const TROUBLES: readonly Trouble[] = [
  { name: 'ill for 3 s', turns: [3_000] },
  { name: 'ill for 10 s', turns: [10_000] },
  { name: 'silent for 18 s, deadline 12 s', turns: [18_000], head: 12_000 },
  { name: 'flapping, 0.4 s each, 15 times', turns: Array.from({ length: 29 }, () => 400) },
]
/** Between two requests. */
const EVERY_MS = 25
/** Failures that were under way when the breaker opened are over by then. */
const SETTLED_MS = 800

/** The breaker on a clock that stands still: the table of many random schedules. */
export function breakerModelTable(schedules: number, random: Random, violations: Violations): string {
  const rows = HANGS.map((hangs) => modelSchedules(schedules, hangs, random, violations)).map((one) => [
    one.hangs === SILENT ? 'never answers, deadline 60 s' : `answers or refuses within ${one.hangs} ms`,
    one.schedules,
    one.requests,
    one.probes,
    one.mostProbes,
    seconds(one.slowestRecovery),
  ])
  const head = [
    'breaker, simulated time: the ill target',
    'schedules',
    'requests',
    'probes',
    'at a time',
    'slowest recovery',
  ]
  return table(head, rows)
}

/** The breaker of a real gateway under load, in real time. Gives the table. */
export async function breakerTable(violations: Violations): Promise<string> {
  const rows: (readonly (string | number)[])[] = []
  await Promise.all(TROUBLES.map(async (trouble) => rows.push(await through(trouble, violations))))
  const head = ['breaker, real time: the first target is', 'requests', 'whole', 'probes', 'at a time', 'recovery']
  return table(head, rows)
}

async function through({ name, turns, head }: Trouble, violations: Violations): Promise<readonly (string | number)[]> {
  await using provider = await startFlappingProvider(head !== undefined)
  await using simulator = await startSimulator()
  const healthy = target(plainProvider(simulator.url), 'sim:tokens=3,interval=0,first=0')
  const targets = [
    target(plainProvider(provider.url, { name: 'flapping' }), 'm', head === undefined ? {} : { head }),
    healthy,
  ]
  const config = gatewayConfig({ routes: new Map([['route', route('route', targets)]]) })
  const server = await serve({ config, logger: keepingLogger() })
  const load = startLoad(`${server.url}/v1`)
  let [probes, mostAtOnce] = [0, 0]
  let isIll = true
  for (const ms of turns) {
    provider.isIll = isIll
    isIll = !isIll
    // Those who asked before the breaker opened wait for their deadline.
    const settled = (head ?? 0) + SETTLED_MS
    await setTimeout(Math.min(ms, settled))
    // From here on whoever asks an ill target is a probe.
    provider.forget()
    if (ms > settled) await setTimeout(ms - settled)
    if (provider.isIll && ms > settled) [probes, mostAtOnce] = [probes + provider.asked, provider.mostAtOnce]
  }
  provider.isIll = false
  provider.forget()
  const recovery = await recovered(provider, load)
  const { asked, whole } = await load.stop()
  await server.shutdown()
  violations.expect(mostAtOnce <= 1, 'more than one probe at a time', () => `${name}: ${mostAtOnce}`)
  violations.expect(recovery <= RECOVERY, 'a recovery that took more than 30 s', () => `${name}: ${recovery} ms`)
  violations.expect(whole === asked, 'an answer that was not whole', () => `${name}: ${whole} of ${asked}`)
  const isCounted = turns.some((ms) => ms > SETTLED_MS)
  return [name, asked, whole, isCounted ? probes : '-', isCounted ? mostAtOnce : '-', seconds(recovery)]
}

/** Milliseconds until all new requests go to this provider again. */
async function recovered(provider: FlappingProvider, load: Load): Promise<number> {
  const started = performance.now()
  for (let quiet = 0; quiet < 3;) {
    const [before, sent] = [provider.asked, load.sent]
    await setTimeout(EVERY_MS * 8)
    quiet = provider.asked - before > 1 && load.sent > sent ? quiet + 1 : 0
    if (performance.now() - started > RECOVERY * 2) break
  }
  return (provider.wellAt ?? Infinity) - started
}

interface Load {
  readonly sent: number
  stop(): Promise<{ readonly asked: number; readonly whole: number }>
}

/** Requests at a steady pace. */
function startLoad(url: string): Load {
  const running: Promise<void>[] = []
  let whole = 0
  let asked = 0
  const timer = setInterval(() => {
    asked++
    const messages = [{ role: 'user', content: 'Hello' }]
    running.push(
      ask(url, { model: 'route', messages, stream: true, patience: 30_000 }).then(({ end }) => {
        if (end === 'done') whole++
      }),
    )
  }, EVERY_MS)
  return {
    get sent() {
      return asked
    },
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
      return { asked, whole }
    },
  }
}

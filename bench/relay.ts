import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { judge } from './bars.ts'
import { caveats } from './caveats.ts'
import { machineText, scenarioText, verdictText } from './report.ts'
import { runRounds } from './rounds.ts'
import type { Summary } from './rounds.ts'
import { FULL_SCALE, SCENARIOS, streamsOf } from './scenarios.ts'
import type { Scale, Scenario } from './scenarios.ts'
import { TARGETS } from './targets.ts'
import type { Target } from './targets.ts'
import type { Cores } from './window.ts'

const USAGE = `npm run bench -- [${SCENARIOS.map(({ name }) => name).join(' | ')}]...
  --targets a,b   of ${TARGETS.map(({ name }) => name).join(', ')} (default: all that can run here)
  --rounds N      default 3
  --seconds S     measured per target and round, default ${FULL_SCALE.seconds}
  --write         keep the result in bench/RESULTS.md (a whole run only)`

interface Order {
  readonly scenarios: readonly Scenario[]
  readonly targets: readonly Target[]
  readonly rounds: number
  readonly scale: Scale
  readonly write: boolean
}

/** @throws Error whose message is meant for the user. */
function readOrder(args: readonly string[]): Order {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      targets: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: String(FULL_SCALE.seconds) },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) throw new Error(USAGE)
  const rounds = Number(values.rounds)
  const seconds = Number(values.seconds)
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds} is not a whole number above 0`)
  if (!(seconds > 0)) throw new Error(`--seconds ${values.seconds} is not a number above 0`)
  if (values.write && (positionals.length > 0 || values.targets !== undefined)) {
    throw new Error('--write is for a whole run: leave out scenarios and targets')
  }
  return {
    scenarios: positionals.length === 0 ? SCENARIOS : positionals.map((name) => named(SCENARIOS, name, 'scenario')),
    targets: values.targets?.split(',').map((name) => named(TARGETS, name, 'target')) ?? TARGETS,
    rounds,
    scale: { ...FULL_SCALE, seconds },
    write: values.write,
  }
}

function named<T extends { readonly name: string }>(rows: readonly T[], name: string, kind: string): T {
  const found = rows.find((row) => row.name === name)
  if (found === undefined) throw new Error(`no ${kind} "${name}"\n${USAGE}`)
  return found
}

/** Moves this process, which is provider and load, to core 1 and keeps core 0 for the targets. */
function pin(): Cores | undefined {
  if (availableParallelism() < 2) return undefined
  const moved = spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)])
  return moved.status === 0 ? { target: 0, load: 1 } : undefined
}

async function main(): Promise<void> {
  const order = readOrder(process.argv.slice(2))
  if (!existsSync('/proc/stat')) throw new Error('this benchmark reads /proc: it runs on Linux')
  const cores = pin()
  const targets = order.targets.filter((target) => {
    if (target.missing !== undefined) console.log(`without ${target.name}: ${target.missing}`)
    return target.missing === undefined
  })
  const pages = [machineText(order.scale, order.rounds, cores !== undefined)]
  console.log(pages[0])
  const results = new Map<string, readonly Summary[]>()
  for (const scenario of order.scenarios) {
    const streams = streamsOf(scenario, order.scale)
    if (streams < scenario.streams) console.log(`${scenario.name}: only ${streams} streams, by the limit of open files`)
    const summaries = await runRounds(scenario, targets, order.rounds, order.scale, cores, showProgress)
    showProgress('')
    results.set(scenario.name, summaries)
    const text = scenarioText(scenario, summaries)
    console.log(`\n${text}`)
    pages.push(text)
  }
  const verdicts = judge(results)
  pages.push(verdictText(verdicts))
  console.log(`\n${pages.at(-1)}`)
  if (order.write) writeFileSync(new URL('RESULTS.md', import.meta.url), caveats(pages))
  if ([...results.values()].flat().some(({ errors }) => errors.size > 0)) process.exitCode = 1
}

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}

try {
  await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator } from '../../../src/simulator/index.ts'
import { Random } from '../random.ts'
import { seconds, table } from '../table.ts'
import { Violations } from '../violations.ts'
import { freePort, GatewayProcess } from './gateway-process.ts'
import { readAgain, runRound } from './round.ts'
import type { Counts, Seen } from './witness.ts'

/** How much of it. */
export interface KillOptions {
  readonly seed: number
  readonly rounds: number
  /** Streams at a time. */
  readonly streams: number
}

/** Of every round so many streams are read again after the last restart. */
const READ_AT_LAST = 10

const NOTHING: Counts = {
  streams: 0,
  events: 0,
  resumes: 0,
  completed: 0,
  takenUp: 0,
  instructed: 0,
  inexact: 0,
  lost: 0,
}

/** Runs all rounds on one data folder and prints what came of them. False when anything was wrong. */
export async function runKill(options: KillOptions, print: (text: string) => void): Promise<boolean> {
  const random = new Random(options.seed).fork('kill')
  const violations = new Violations()
  const counts: Counts = { ...NOTHING }
  const dir = await mkdtemp(join(tmpdir(), 'sluice-kill-'))
  await using simulator = await startSimulator()
  const gateway = new GatewayProcess(dir, await freePort(), simulator.url)
  const started = performance.now()
  const restarts: number[] = []
  const kept: Seen[] = []
  try {
    const first = await gateway.start()
    for (let round = 0; round < options.rounds; round++) {
      const { seen, restart } = await runRound({
        gateway,
        streams: options.streams,
        random: random.fork(`round ${round}`),
        violations,
        counts,
      })
      restarts.push(restart)
      await again(gateway, seen, random.fork(`again ${round}`), violations, counts)
      kept.push(...seen.slice(0, READ_AT_LAST))
    }
    await gateway.kill()
    restarts.push(await gateway.start())
    await again(gateway, kept, random.fork('at last'), violations, counts)
    print(report(counts, violations, { first, restarts, rounds: options.rounds, ms: performance.now() - started }))
  } finally {
    await gateway.kill()
    await rm(dir, { recursive: true, force: true })
  }
  if (violations.count > 0) print(`\n${violations.text()}`)
  return violations.count === 0
}

async function again(
  gateway: GatewayProcess,
  streams: readonly Seen[],
  random: Random,
  violations: Violations,
  counts: Counts,
): Promise<void> {
  const ground = { url: gateway.url, violations, counts, giveUpAt: performance.now() + 30_000 }
  await Promise.all(streams.map((seen, at) => readAgain(seen, ground, random.fork(at))))
}

interface Times {
  readonly rounds: number
  readonly first: number
  readonly restarts: readonly number[]
  readonly ms: number
}

function report(counts: Counts, violations: Violations, { rounds, first, restarts, ms }: Times): string {
  const sorted = restarts.toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  const rows = [
    ['rounds, each with a kill -9', rounds],
    ['streams that had a reader', counts.streams],
    ['of them completed', counts.completed],
    ['taken up after the crash', counts.takenUp],
    ['of them by instruction', counts.instructed],
    // A matter of the seam, which `upstream` holds to its bar; what was shown is kept all the same.
    ['and these not exactly', counts.inexact],
    ['ended by producer_lost', counts.streams - counts.completed],
    ['lost before their first event', counts.lost],
    ['events read', counts.events],
    ['resumes', counts.resumes],
    ['first start, without data', seconds(first)],
    ['restart until ready, median', seconds(median)],
    ['restart until ready, longest', seconds(sorted.at(-1) ?? 0)],
    ['time', seconds(ms)],
    ['violations', violations.count],
  ]
  return table(['kill -9', ''], rows)
}

import { spawnSync } from 'node:child_process'
import { machineText, scenarioText } from './report.ts'
import { runRounds, type Summary } from './rounds.ts'
import { FULL_SCALE, SCENARIOS } from './scenarios.ts'
import type { Target } from './targets.ts'

/** How long to measure, as the command line says it. */
export interface Effort {
  readonly rounds: string
  readonly seconds: string
}

/** What the command line says when it says nothing. */
export const EFFORT: Readonly<Record<keyof Effort, { type: 'string'; default: string }>> = {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: String(FULL_SCALE.seconds) },
}

/**
 * Runs these scenarios against variants of the gateway, in turn in each round, and prints their tables. The
 * exit code is 1 when an answer was wrong.
 *
 * @param warmUp Seconds of load before it is measured.
 */
export async function compare(
  targets: readonly Target[],
  scenarios: readonly string[],
  effort: Effort,
  warmUp: number = FULL_SCALE.warmUp,
): Promise<ReadonlyMap<string, readonly Summary[]>> {
  const rounds = Number(effort.rounds)
  const scale = { ...FULL_SCALE, warmUp, seconds: Number(effort.seconds) }
  const isPinned = spawnSync('taskset', ['-a', '-p', '-c', '1', String(process.pid)]).status === 0
  const cores = isPinned ? { target: 0, load: 1 } : undefined
  console.log(machineText(scale, rounds, isPinned))
  const results = new Map<string, readonly Summary[]>()
  for (const scenario of SCENARIOS.filter(({ name }) => scenarios.includes(name))) {
    const summaries = await runRounds(scenario, targets, rounds, scale, cores, () => {})
    results.set(scenario.name, summaries)
    console.log(`\n${scenarioText(scenario, summaries)}`)
    if (summaries.some(({ errors }) => errors.size > 0)) process.exitCode = 1
  }
  return results
}

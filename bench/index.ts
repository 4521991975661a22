import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/**
 * `npm run bench -- NAME ...`: one script per benchmark, each in a process of its own so that none
 * inherits another's heap or compiled code. Without a name, or with a scenario's, it is the relay under load.
 */
const BENCHMARKS: Readonly<Record<string, string>> = {
  relay: 'relay.ts',
  stages: 'stages.ts',
  sdk: 'sdk.ts',
  ui: 'ui.ts',
  rescue: 'rescue.ts',
  limits: 'limits.ts',
  teams: 'teams.ts',
}

/** The load generator makes a string per token; a roomy nursery keeps its collections off the latencies. */
const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=64']

const [first = 'relay', ...rest] = process.argv.slice(2)
const named = Object.hasOwn(BENCHMARKS, first)
const file = fileURLToPath(new URL(named ? (BENCHMARKS[first] ?? '') : 'relay.ts', import.meta.url))

if (existsSync(file)) {
  const args = named ? rest : [first, ...rest]
  const { status } = spawnSync(process.execPath, [...NODE_FLAGS, file, ...args], { stdio: 'inherit' })
  process.exitCode = status ?? 1
} else {
  console.error(`the benchmark "${first}" is not there yet: ${file}`)
  process.exitCode = 2
}

import { parseArgs } from 'node:util'

/**
 * `npm run chaos -- NAME`: experiments that break things on purpose and count what should not have
 * happened. Each prints a table, and ends with 1 on any violation.
 *
 * - `resume [--streams 1000] [--resumes 1000]`: readers that come and go, over both logs, with and
 *   without sockets;
 * - `kill [--rounds 50] [--streams 200]`: kill -9 of the gateway under load, restart, resume;
 * - `upstream [--overlaps 31] [--pairs 80] [--schedules 300]`: every fault of the simulator, every seam,
 *   the breaker;
 * - `limits [--clients 64] [--aborts 1000]`: clients that race for limits in injected time, and callers that
 *   leave at any moment.
 *
 * All take `--seed N`, printed, which makes the same choices again.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    streams: { type: 'string' },
    resumes: { type: 'string' },
    rounds: { type: 'string' },
    overlaps: { type: 'string' },
    pairs: { type: 'string' },
    schedules: { type: 'string' },
    clients: { type: 'string' },
    aborts: { type: 'string' },
  },
})

function count(name: keyof typeof values, otherwise: number): number {
  const number = Number(values[name] ?? otherwise)
  if (Number.isSafeInteger(number) && number >= 0) return number
  throw new Error(`--${name} must be a whole number, got "${values[name]}"`)
}

const print = (text: string): void => console.log(text)
const seed = count('seed', Math.floor(Math.random() * 1e6))
const [name = ''] = positionals

/** Loaded when it is run: each brings a part of the house with it. */
const EXPERIMENTS: Readonly<Record<string, () => Promise<boolean>>> = {
  resume: async () => {
    const { runResume } = await import('./resume/run.ts')
    return runResume({ seed, streams: count('streams', 1_000), resumes: count('resumes', 1_000) }, print)
  },
  kill: async () => {
    const { runKill } = await import('./kill/run.ts')
    return runKill({ seed, rounds: count('rounds', 50), streams: count('streams', 200) }, print)
  },
  limits: async () => {
    const { runLimits } = await import('./limits/run.ts')
    return runLimits({ seed, clients: count('clients', 64), aborts: count('aborts', 1_000) }, print)
  },
  upstream: async () => {
    const { runUpstream } = await import('./upstream/run.ts')
    const options = { overlaps: count('overlaps', 31), pairs: count('pairs', 80), schedules: count('schedules', 300) }
    return runUpstream({ seed, ...options }, print)
  },
}

const experiment = Object.hasOwn(EXPERIMENTS, name) ? EXPERIMENTS[name] : undefined
if (experiment === undefined) {
  console.error(`npm run chaos -- ${Object.keys(EXPERIMENTS).join(' | ')}`)
  process.exitCode = 2
} else {
  print(`chaos ${name} --seed ${seed}\n`)
  process.exitCode = (await experiment()) ? 0 : 1
}

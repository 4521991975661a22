import { seconds, table } from '../table.ts'
import { abortMany } from './aborts.ts'
import { race, type RaceOptions } from './race.ts'

/** How much of it. */
export interface LimitsOptions {
  readonly seed: number
  readonly clients: number
  readonly aborts: number
}

const LIMIT = { rpm: 100, tpm: 10_000, concurrency: 5, duration: 180_000 } as const

/** Races and aborts; prints what came of them. False when a limit was crossed or something was not given back. */
export async function runLimits(options: LimitsOptions, print: (text: string) => void): Promise<boolean> {
  const { seed, clients, aborts } = options
  const rows: (readonly (string | number)[])[] = []
  let isRight = true
  const ways: readonly Pick<RaceOptions, 'scope' | 'wait'>[] = [
    { scope: 'key', wait: 0 },
    { scope: 'key', wait: 20_000 },
    { scope: 'model', wait: 0 },
    { scope: 'model', wait: 20_000 },
  ]
  print(
    `${clients} clients, ${LIMIT.duration / 1_000} s of injected time, limits: ${LIMIT.rpm} requests and ${LIMIT.tpm} tokens`,
  )
  print(`in any minute, ${LIMIT.concurrency} at the same time; highest seen:\n`)
  for (const way of ways) {
    const began = performance.now()
    const seen = await race({ seed, clients, ...LIMIT, ...way })
    const isKept =
      seen.mostRequests <= LIMIT.rpm && seen.mostTokens <= LIMIT.tpm && seen.mostAtOnce <= LIMIT.concurrency
    isRight &&= isKept && seen.left === 0 && seen.speechless === 0
    rows.push([
      way.scope,
      way.wait === 0 ? 'refuse' : 'wait',
      seen.admitted,
      seen.refused,
      seen.mostRequests,
      seen.mostTokens,
      seen.mostAtOnce,
      `${seen.fewest}-${seen.most}`,
      seen.left,
      seconds(performance.now() - began),
    ])
  }
  const heads = [
    'limits of',
    'when full',
    'answers',
    'refusals',
    'requests',
    'tokens',
    'at once',
    'per client',
    'left',
    'time',
  ]
  print(table(heads, rows))
  const books = await abortMany(seed, aborts)
  const moments = Object.entries(books.moments).map(([moment, count]) => `${count} ${moment}`)
  print(`\n${books.requests} callers that leave when they like: ${moments.join(', ')}`)
  print(`  tokens settled   ${books.settled}, by the log ${books.expected}`)
  print(`  requests counted ${books.counted}, streams begun ${books.begun}`)
  print(`  left behind      ${books.left}`)
  return isRight && books.settled === books.expected && books.counted === books.begun && books.left === 0
}

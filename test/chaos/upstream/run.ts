import { Random } from '../random.ts'
import { seconds } from '../table.ts'
import { Violations } from '../violations.ts'
import { breakerModelTable, breakerTable } from './breaker.ts'
import { faultCases } from './cases.ts'
import { faultTable } from './faults.ts'
import { firstByteTable } from './first-byte.ts'
import { requestTable } from './requests.ts'
import { inexact, seamTable } from './seams.ts'

/** How much of it. */
export interface UpstreamOptions {
  readonly seed: number
  /** Pairs of faults, one in each target. */
  readonly pairs: number
  /** Overlaps tried at each cut, of the 31 there are. */
  readonly overlaps: number
  /** Random schedules of the breaker, for each kind of illness. */
  readonly schedules: number
}

/** Runs all of it and prints the tables. False when anything was wrong. */
export async function runUpstream(options: UpstreamOptions, print: (text: string) => void): Promise<boolean> {
  const started = performance.now()
  const random = new Random(options.seed)
  const violations = new Violations()
  print(await faultTable(faultCases({ whole: true, pairs: options.pairs }, random.fork('faults')), violations))
  print(`\n${await requestTable(1, violations)}`)
  print(`\n${await firstByteTable(8, violations)}`)
  print(`\n${await seamTable({ step: 1, overlaps: options.overlaps }, violations)}`)
  if (inexact.length > 0) print(`\njoins by instruction that were not exact:\n  ${inexact.join('\n  ')}`)
  // By itself: on a busy event loop a request from before the breaker opened arrives late, and looks like a probe.
  print(`\n${await breakerTable(violations)}`)
  print(`\n${breakerModelTable(options.schedules, random.fork('breaker'), violations)}`)
  print(`\n${violations.count} violations, ${seconds(performance.now() - started)}`)
  if (violations.count > 0) print(violations.text())
  return violations.count === 0
}

/** What was measured of the ways to show an answer, by their names. */
export interface UiFigures {
  /** Milliseconds of JavaScript per update, by name and size in KB: `sluice 8`. */
  readonly perUpdate: ReadonlyMap<string, number>
  /** Milliseconds of each task over 50 ms while paced. */
  readonly longTasks: ReadonlyMap<string, readonly number[]>
  /** Milliseconds from a burst to its final paint. */
  readonly bursts: ReadonlyMap<string, number>
}

/** The bars, each with what it is and whether it is met. */
export function judgeUi({ perUpdate, longTasks, bursts }: UiFigures): readonly string[] {
  const ratio = (own: number | undefined, other: number | undefined): number => (own ?? NaN) / (other ?? NaN)
  const rows: readonly (readonly [promise: string, actual: number, limit: number])[] = [
    ['JS per update at 32 KB / streamdown', ratio(perUpdate.get('sluice 32'), perUpdate.get('streamdown 32')), 0.35],
    [
      'JS per update at 32 KB / react-markdown',
      ratio(perUpdate.get('sluice 32'), perUpdate.get('react-markdown 32')),
      0.05,
    ],
    ['JS per update at 64 KB / at 8 KB', ratio(perUpdate.get('sluice 64'), perUpdate.get('sluice 8')), 1.5],
    ['tasks over 50 ms while paced', longTasks.get('sluice')?.length ?? NaN, 0],
    ['burst to final paint / streamdown', ratio(bursts.get('sluice'), bursts.get('streamdown')), 0.333],
  ]
  return rows.map(
    ([promise, actual, limit]) =>
      `${promise}: ${Number(actual.toFixed(3))} (bar ${limit}) ${actual <= limit ? 'met' : 'MISSED'}`,
  )
}

/** A named row of values, one for each place on the axis; null where there is nothing to say. */
export interface Series {
  readonly name: string
  readonly values: readonly (number | null)[]
  /** Of all places. */
  readonly total: number
}

/** Names that get a series of their own; the rest is one. */
const MOST = 6

/** What was used by name and time, as one series per name, the largest first. `rest`: what the others are called. */
export function stacked(
  used: readonly { readonly at: number; readonly name: string; readonly value: number }[],
  grid: readonly number[],
  rest: string,
): readonly Series[] {
  const totals = new Map<string, number>()
  for (const { name, value } of used) totals.set(name, (totals.get(name) ?? 0) + value)
  const ranked = [...totals].filter(([, total]) => total > 0).toSorted(([, a], [, b]) => b - a)
  const named = ranked.length > MOST ? ranked.slice(0, MOST - 1) : ranked
  const placeOf = new Map(grid.map((at, i) => [at, i]))
  const rows = new Map(named.map(([name]) => [name, grid.map(() => 0)]))
  const others = grid.map(() => 0)
  for (const { at, name, value } of used) {
    const place = placeOf.get(at)
    if (place === undefined || value <= 0) continue
    const row = rows.get(name) ?? others
    row[place] = (row[place] ?? 0) + value
  }
  const series = named.map(([name, total]) => ({ name, total, values: rows.get(name) ?? [] }))
  if (named.length === ranked.length) return series
  return [...series, { name: rest, total: others.reduce((sum, each) => sum + each, 0), values: others }]
}

/** Sums from the first series on, so that bars stand on each other: the last is the whole. */
export function cumulated(series: readonly Series[]): readonly (readonly number[])[] {
  const sums: number[][] = []
  for (const { values } of series) {
    const below = sums.at(-1)
    sums.push(values.map((value, i) => (value ?? 0) + (below?.[i] ?? 0)))
  }
  return sums
}

/** Every place from `from` to `to`, both included. */
export function gridOf(from: number, to: number, step: number): readonly number[] {
  if (step <= 0 || to < from) return []
  return Array.from({ length: Math.min(1_000, Math.floor((to - from) / step) + 1) }, (_, i) => from + i * step)
}

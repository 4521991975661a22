/**
 * The candidate that was probably meant: at most two slips away (letters added, left out, replaced or
 * swapped with their neighbour), and no more than a third of the word. `undefined` when none is near.
 *
 * @example
 * suggest('sever', ['server', 'log']) // 'server'
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined
  const allowed = Math.min(2, Math.ceil(word.length / 3))
  let best: string | undefined
  let fewest = allowed + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= fewest) continue
    const slips = distance(word.toLowerCase(), candidate.toLowerCase())
    if (slips < fewest) [best, fewest] = [candidate, slips]
  }
  return best
}

/** ` Did you mean "server"?`, or nothing: to be put behind a message. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const guess = suggest(word, candidates)
  return guess === undefined ? '' : `; did you mean "${guess}"?`
}

/** Optimal string alignment distance, row by row. */
function distance(a: string, b: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(before, j - 2) + 1 : Infinity
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + cost, swapped))
    }
    ;[before, row] = [row, next]
  }
  return at(row, b.length)
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}

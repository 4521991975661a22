/** So many characters without a break are cut: a tokenizer's time grows with the square of such a run. */
const LONGEST_RUN = 256
/** Characters of a piece; between two there is a look at the clock. */
const PIECE = 16 * 1024

/** White space and signs: a tokenizer starts anew there. */
const BREAK = /[\s\p{P}\p{S}]/u
/** A run of one kind without a break: letters, or a row of signs or of spaces. */
const RUN = new RegExp(`[^\\s\\p{P}\\p{S}]{${LONGEST_RUN},}|\\s{${LONGEST_RUN},}|[\\p{P}\\p{S}]{${LONGEST_RUN},}`, 'gu')

/**
 * Tokens of a text, counted piece by piece while `mayGoOn`; what is left then is taken to be like what was
 * counted. Runs without a break are cut, which can count a token too many at each cut.
 */
export function countPieces(text: string, count: (piece: string) => number, mayGoOn: () => boolean): number {
  let tokens = 0
  let at = 0
  while (at < text.length) {
    const end = pieceEnd(text, at)
    const piece = text.slice(at, end)
    let from = 0
    for (const { 0: run, index } of piece.matchAll(RUN)) {
      tokens += count(piece.slice(from, index))
      for (let cut = 0; cut < run.length; cut += LONGEST_RUN) tokens += count(run.slice(cut, cut + LONGEST_RUN))
      from = index + run.length
    }
    tokens += count(piece.slice(from))
    at = end
    if (!mayGoOn()) return Math.ceil((tokens * text.length) / at)
  }
  return tokens
}

/** The end of the piece that begins at `at`: before its last break, so that no word is cut in two. */
function pieceEnd(text: string, at: number): number {
  const end = at + PIECE
  if (end >= text.length) return text.length
  for (let before = end; before > end - LONGEST_RUN; before--) if (BREAK.test(text[before] ?? '')) return before
  return end
}

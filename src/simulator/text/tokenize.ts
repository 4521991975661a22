/**
 * Text as a model would give it: in short pieces. Words with their leading space in pieces of at most six
 * characters, Chinese and Japanese in ones and twos, and never a cut inside what a reader sees as one
 * character (an emoji family, a letter with its accents, a surrogate pair).
 */

/** Text without anything that joins with its neighbour to one visible character. */
const SIMPLE =
  /^[\u0020-\u02ff\u0370-\u0482\u048a-\u052f\u060c-\u060f\u061b-\u064a\u066d\u0671-\u06d3\u1e00-\u1fff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u22ff\u2500-\u257f\u3000-\u3029\u3030-\u303d\u3041-\u3096\u30a1-\u30fa\u30fc\u30fd\u4e00-\u9fff\uff01-\uff60]+$/
const CHUNK = / ?[^\s]+|\s+/g
const PIECE =
  /( ?[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー々]+)|( ?(?:(?![\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー々])[\p{L}'’])+)|( ?\p{N}+)|( ?(?:(?!['’])[\p{P}\p{S}])+)| ?[^]/gu
const WORD = /[\p{L}\p{N}]/u

const LATIN_MAX = 6
const DIGITS_MAX = 3
const SIGNS_MAX = 4

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The tokens of a text; joined they are the text again. */
export function tokenize(text: string): string[] {
  const tokens: string[] = []
  for (const [chunk] of text.matchAll(CHUNK)) {
    if (SIMPLE.test(chunk)) simple(chunk, tokens)
    else if (chunk.trim() === '' && !chunk.includes('\r')) even(chunk, LATIN_MAX, tokens)
    else mixed(chunk, tokens)
  }
  return tokens
}

/** How far `countTokens` counts exactly; beyond it extrapolates, so that a 10 MB prompt costs no more. */
const COUNTED = 50_000

/** How many tokens a text has. */
export function countTokens(text: string): number {
  if (text.length <= COUNTED) return tokenize(text).length
  return Math.round((tokenize(text.slice(0, COUNTED)).length * text.length) / COUNTED)
}

/** The same text in exactly `count` tokens, words split further; fewer when there is nothing left to split. */
export function stretch(tokens: readonly string[], count: number): string[] {
  const out = [...tokens]
  for (let round = 0; out.length < count && round < 6; round++) {
    for (let i = out.length - 1; i >= 0 && out.length < count; i--) {
      const [first, ...rest] = halves(out[i] ?? '')
      if (first !== undefined && rest.length > 0) out.splice(i, 1, first, ...rest)
    }
  }
  return out
}

function halves(token: string): string[] {
  if (!WORD.test(token)) return [token]
  const parts = Array.from(graphemes.segment(token), (part) => part.segment)
  // A lone space says nothing, so it stays with its first letter.
  const middle = Math.max(Math.ceil(parts.length / 2), parts[0] === ' ' ? 2 : 1)
  if (middle >= parts.length) return [token]
  return [parts.slice(0, middle).join(''), parts.slice(middle).join('')]
}

function simple(chunk: string, tokens: string[]): void {
  for (const [piece, cjk, word, digits, signs] of chunk.matchAll(PIECE)) {
    if (cjk !== undefined) pairs(piece, tokens)
    else if (word !== undefined) even(piece, LATIN_MAX, tokens)
    else if (digits !== undefined) even(piece, DIGITS_MAX, tokens)
    else if (signs !== undefined) even(piece, SIGNS_MAX, tokens)
    else tokens.push(piece)
  }
}

/** Pieces of nearly the same length, none longer than `max`. */
function even(text: string, max: number, tokens: string[]): void {
  const size = Math.ceil(text.length / Math.ceil(text.length / max))
  for (let at = 0; at < text.length; at += size) tokens.push(text.slice(at, at + size))
}

/** Ones and twos, decided by the characters themselves. */
function pairs(text: string, tokens: string[]): void {
  for (let at = 0; at < text.length;) {
    const size = text.charCodeAt(at) % 3 === 0 ? 1 : 2
    tokens.push(text.slice(at, at + size))
    at += size
  }
}

/** Anything: letters gathered by visible characters, everything else one by one. */
function mixed(chunk: string, tokens: string[]): void {
  let gathered = ''
  let held = 0
  const flush = (): void => {
    if (gathered !== '') tokens.push(gathered)
    gathered = ''
    held = 0
  }
  for (const { segment } of graphemes.segment(chunk)) {
    const letter = WORD.test(segment)
    if (held >= LATIN_MAX - 1 || (held > 0 && !letter)) flush()
    gathered += segment
    if (segment !== ' ') held++
    if (!letter && segment !== ' ') flush()
  }
  flush()
}

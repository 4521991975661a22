/** The repetition between the end of what was sent and the start of what goes on from there. */
import { repeatedIndentation, repeatedInRow } from './layout.ts'

/** From so many characters, or two words, a repetition is no accident (PROTOCOL 8). */
const SURE_CHARACTERS = 8

const WORD = /[\p{L}\p{N}]+/gu
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u
const IDEOGRAPH = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u

/**
 * How much of the start of `text` repeats the end of `sent`, in UTF-16 units; looks at the last `reach`
 * of them. Long repetitions count. Short ones are judged by what the join would look like: `brown` +
 * `own fox` is one, `hel` + `lo` in a text that has `hello` is not. Where both readings are good text
 * (digits, brackets, a blank line) nothing counts: to repeat is the smaller harm.
 *
 * @example
 * repeatedLength('the quick brown', 'brown fox', 200) // 5
 */
export function repeatedLength(sent: string, text: string, reach: number): number {
  const length = overlapLength(sent.slice(-reach), text.slice(0, reach))
  const overlap = text.slice(0, length)
  if (!overlap.includes('\n')) {
    const row = repeatedInRow(sent, text)
    if (row !== undefined) return row
  }
  if (overlap.trim() === '') return repeatedIndentation(sent, text) ?? repeatedSpace(sent, text, length)
  return isRepeated(sent, text, overlap) ? length : 0
}

/** The longest end of `tail` that `text` begins with. Linear in both (Knuth, Morris, Pratt). */
function overlapLength(tail: string, text: string): number {
  const failure = failures(text)
  let matched = 0
  for (let i = 0; i < tail.length; i++) {
    const unit = tail.charCodeAt(i)
    // A whole match that ends before the tail does is only a place to fall back from.
    while (matched > 0 && (matched === text.length || text.charCodeAt(matched) !== unit)) {
      matched = failure[matched - 1] ?? 0
    }
    if (text.charCodeAt(matched) === unit) matched++
  }
  // Half a character, whose other half was sent, repeats nothing.
  return isLowSurrogate(text.charCodeAt(0)) ? 0 : matched
}

function isRepeated(sent: string, text: string, overlap: string): boolean {
  if (isPattern(sent, text, overlap)) return false
  if (characters(overlap) >= SURE_CHARACTERS || (overlap.match(WORD)?.length ?? 0) >= 2) return true
  if (!LETTER_OR_DIGIT.test(overlap)) return isRepeatedMark(sent, text, overlap)
  if (/^\p{N}+$/u.test(overlap)) return isWholeNumber(sent, text, overlap)
  return !isKnownDoubling(sent, text, overlap)
}

/** The prefix function: for each end, the longest proper prefix of `text` that ends there. */
function failures(text: string): Uint16Array {
  const failure = new Uint16Array(text.length)
  let matched = 0
  for (let i = 1; i < text.length; i++) {
    while (matched > 0 && text.charCodeAt(i) !== text.charCodeAt(matched)) matched = failure[matched - 1] ?? 0
    if (text.charCodeAt(i) === text.charCodeAt(matched)) matched++
    failure[i] = matched
  }
  return failure
}

/**
 * A row of equal parts (`0, 0, 0`, `|---|---|`) that reaches further back than the overlap: it may well
 * go on, and nothing says where in the row the new text begins.
 */
function isPattern(sent: string, text: string, overlap: string): boolean {
  const period = overlap.length - (failures(overlap).at(-1) ?? 0)
  const unit = overlap.slice(0, period)
  const goesOn = text.startsWith(unit, overlap.length)
  const wentOn = sent.slice(0, -overlap.length).endsWith(unit)
  // Three equal letters in a row are no row, nor is `**` + `*x`; but 哈哈哈 is laughter.
  if (/^[^\p{N}\s]$/u.test(overlap) && !IDEOGRAPH.test(overlap)) return goesOn || sent.endsWith(unit.repeat(4))
  if (period * 2 > overlap.length && characters(overlap) >= SURE_CHARACTERS) return false
  return wentOn || (goesOn && !LETTER_OR_DIGIT.test(unit))
}

/** Punctuation and white space: nobody doubles it by accident, but code and Markdown double some of it on purpose. */
function isRepeatedMark(sent: string, text: string, overlap: string): boolean {
  const past = sent.slice(0, -overlap.length)
  const after = text.charAt(overlap.length)
  if (/^[([{<)\]}>]$/.test(overlap) || (overlap === '.' && (past.endsWith('.') || after === '.'))) return false
  return !past.includes(overlap + overlap)
}

/**
 * Two spaces between words, three line ends in a row, a line of nothing but an indentation: no one's
 * intention. Other white space may well be.
 */
function repeatedSpace(sent: string, text: string, length: number): number {
  const space = text.slice(0, length)
  const isWordGap = space === ' ' && /[^\s|] $/u.test(sent) && /^ [^\s|]/u.test(text)
  return isWordGap || /^\n+[ \t]+$/.test(space) || /\n{3}/.test(lineEnds(sent, text)) ? length : 0
}

/** The line ends around the seam, as they would stand if nothing was dropped. */
function lineEnds(sent: string, text: string): string {
  return (/\n*$/.exec(sent)?.[0] ?? '') + (/^\n*/.exec(text)?.[0] ?? '')
}

/** `1` + `100` may be 1100; a number said twice is seen whole on both sides. */
function isWholeNumber(sent: string, text: string, overlap: string): boolean {
  const before = sent.at(-overlap.length - 1) ?? ''
  const after = text.charAt(overlap.length)
  return overlap.length > 1 && !/[\p{N}.,]/u.test(before) && !/\p{N}/u.test(after)
}

/** The text is the dictionary: what it has written doubled before, it may write doubled again. */
function isKnownDoubling(sent: string, text: string, overlap: string): boolean {
  const past = sent.slice(0, -overlap.length)
  if (characters(overlap) > 2) return past.includes(overlap + overlap)
  const before = past.slice(-1)
  const after = text.charAt(overlap.length)
  return past.includes(before + overlap + overlap + after) && !past.includes(before + overlap + after)
}

function characters(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if (!isLowSurrogate(text.charCodeAt(i))) count++
  return count
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

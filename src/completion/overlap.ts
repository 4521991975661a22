/** The repetition between the end of what was sent and the start of what goes on from there. */
import { mayBeDoubled, mayBeNextWord } from './doubling.ts'
import { repeatedIndentation, repeatedInRow, repeatedLineEnd } from './layout.ts'
import { repeatedMarks } from './marks.ts'

/** From so many characters, or two words, a repetition is no accident (PROTOCOL 8). */
const SURE_CHARACTERS = 8

const WORD = /[\p{L}\p{N}]+/gu
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u
const IDEOGRAPH = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u

/** What is looked at to find a repetition. */
export interface Meeting {
  readonly sent: string
  /** What goes on from there, as far as it has come. */
  readonly text: string
  /** So many of the last UTF-16 units that were sent are looked at. */
  readonly reach: number
  /** Nothing follows `text`: a verdict is wanted. */
  readonly isWhole: boolean
}

/**
 * How much of the start of `text` repeats the end of `sent`, in UTF-16 units; `undefined` when more of the
 * text must be seen to tell. Long repetitions count. Short ones are judged by what the join would look
 * like: `brown` + `own fox` is one, `mid` + `dle` is not. Where both readings are good text nothing
 * counts: to repeat a character is the smaller harm than to lose one.
 *
 * @example
 * repeatedLength({ sent: 'the quick brown', text: 'brown fox', reach: 200, isWhole: true }) // 5
 */
export function repeatedLength({ sent, text, reach, isWhole }: Meeting): number | undefined {
  const length = overlapLength(sent.slice(-reach), text.slice(0, reach))
  if (length === 0) return 0
  const overlap = text.slice(0, length)
  if (!overlap.includes('\n')) {
    const row = repeatedInRow(sent, text)
    if (row !== undefined) return row
  }
  if (overlap.trim() === '') return repeatedIndentation(sent, text) ?? repeatedSpace(sent, text, length, isWhole)
  if (isPattern(sent, text, overlap)) return 0
  if (!LETTER_OR_DIGIT.test(overlap) && characters(overlap) < SURE_CHARACTERS)
    return repeatedMarks(sent, text, overlap, isWhole)
  const verdict = isRepeated(sent, text, overlap, isWhole)
  return verdict === undefined ? undefined : verdict ? length : 0
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

function isRepeated(sent: string, text: string, overlap: string, isWhole: boolean): boolean | undefined {
  if (characters(overlap) >= SURE_CHARACTERS || (overlap.match(WORD)?.length ?? 0) >= 2) return true
  if (/^\p{N}+$/u.test(overlap)) return isWholeNumber(sent, text, overlap)
  if (!/^\p{L}+$/u.test(overlap)) return !mayBeNextWord(sent, text, overlap)
  const isMeant = mayBeDoubled(sent, text, overlap, isWhole)
  return isMeant === undefined ? undefined : !isMeant
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
  // Of one sign the marks know how many are usual; but 哈哈哈 is laughter.
  if (/^[^\p{N}\s]$/u.test(unit) && !IDEOGRAPH.test(unit)) return sent.endsWith(unit.repeat(4)) && goesOn
  if (period * 2 > overlap.length && characters(overlap) >= SURE_CHARACTERS) return false
  return wentOn || (goesOn && !LETTER_OR_DIGIT.test(unit))
}

/** Two spaces between words, a line of nothing but an indentation: no one's intention. Other white space may be. */
function repeatedSpace(sent: string, text: string, length: number, isWhole: boolean): number | undefined {
  const space = text.slice(0, length)
  if (space === ' ' && /[^\s|] $/u.test(sent) && /^ [^\s|#]/u.test(text)) return length
  if (/^\n+[ \t]+$/.test(space)) return length
  return /^\n+$/.test(space) ? repeatedLineEnd(sent, text, isWhole) : 0
}

/** `1` + `100` may be 1100; a number said twice is seen whole on both sides. */
function isWholeNumber(sent: string, text: string, overlap: string): boolean {
  const before = sent.at(-overlap.length - 1) ?? ''
  const after = text.charAt(overlap.length)
  return overlap.length > 1 && !/[\p{N}.,]/u.test(before) && !/\p{N}/u.test(after)
}

function characters(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i++) if (!isLowSurrogate(text.charCodeAt(i))) count++
  return count
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}

import { Buffer } from 'node:buffer'
import type { Around } from '../completion/text-path.ts'

/** What texts that follow each other have in common. */
export interface Frame {
  /** The number of the first text that stands in it. */
  readonly from: number
  readonly before: string
  readonly after: string
  /** Where it was told, who told it. */
  readonly around?: Around | undefined
}

/** Less in common is not worth a look at every text. */
const LEAST = 32

/** A longer end is not looked for: a megabyte that differs in its middle is kept twice. */
const MOST = 4_096

const PIECE = 32

/** What texts have in common that have little. */
export const NOTHING: Readonly<Omit<Frame, 'from'>> = { before: '', after: '' }

/**
 * With what both begin and end; no half of a surrogate pair is cut off. Nothing where that is not much.
 *
 * @example
 * commonEnds(chunkOf('a'), chunkOf('bc')) // all around the text
 */
export function commonEnds(left: string, right: string): Omit<Frame, 'from'> {
  const most = Math.min(left.length, right.length, MOST)
  let before = 0
  // Pieces first: V8 compares them by words of memory. By characters alone this was 3 us of every short stream.
  while (before + PIECE <= most && left.slice(before, before + PIECE) === right.slice(before, before + PIECE))
    before += PIECE
  while (before < most && left.charCodeAt(before) === right.charCodeAt(before)) before++
  if (before < right.length && isLow(right.charCodeAt(before))) before--
  let after = 0
  const rest = Math.min(most, Math.min(left.length, right.length) - before)
  while (after + PIECE <= rest && endPiece(left, after) === endPiece(right, after)) after += PIECE
  while (after < rest && left.charCodeAt(left.length - 1 - after) === right.charCodeAt(right.length - 1 - after))
    after++
  if (after > 0 && isLow(right.charCodeAt(right.length - after))) after--
  if (before + after < LEAST) return NOTHING
  return { before: right.slice(0, before), after: right.slice(right.length - after) }
}

/** A piece of a text, so many characters before its end. */
function endPiece(text: string, after: number): string {
  const end = text.length - after
  return text.slice(end - PIECE, end)
}

/** The same frame, which keeps none of the texts alive that it was found in. */
export function compactFrame({ from, before, after }: Frame): Frame {
  return { from, before: copyOf(before), after: copyOf(after) }
}

/** V8 makes a piece of a text a view of it; bytes in between make it a text of its own. */
const copyOf = (text: string): string => (text.length === 0 ? '' : Buffer.from(text).toString())

/** Whether a text stands in this frame. In nothing, none does: it would never be given a better one. */
export function fits(text: string, { before, after }: Frame): boolean {
  const around = before.length + after.length
  // Cut out and compared: V8 runs `===` over words of memory, `startsWith` over single characters.
  return (
    around > 0 &&
    text.length >= around &&
    text.slice(0, before.length) === before &&
    text.slice(text.length - after.length) === after
  )
}

const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

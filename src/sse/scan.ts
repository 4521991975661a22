/** Where things are on an SSE wire, in bytes and in text. Small loops that the decoder spends its time in. */

const LF = 10
const CR = 13
const SPACE = 32
const COLON = 58

/** Where the last line ends that has its LF or CR, at or behind `start`; `start` if there is none. */
export function endOfLines(bytes: Uint8Array, start: number): number {
  let i = bytes.length - 1
  while (i >= start && bytes[i] !== LF && bytes[i] !== CR) i--
  return i < start ? start : i + 1
}

/**
 * Where the last blank line in `bytes[start, end)` ends that LF closes; `start` if there is none.
 * `atLineStart`: a line begins at `start`, so that an LF there closes a blank one.
 */
export function endOfBlocks(bytes: Uint8Array, start: number, end: number, atLineStart: boolean): number {
  for (let i = end - 1; i >= start; i--) {
    if (bytes[i] !== LF) continue
    const line = i > start && bytes[i - 1] === CR ? i - 1 : i
    if (line === start ? atLineStart : bytes[line - 1] === LF) return i + 1
  }
  return start
}

/** Index of the next LF or CR, or the length. A plain loop: `Uint8Array.indexOf` is no faster on lines of this size. */
export function endOfLine(bytes: Uint8Array, start: number): number {
  let i = start
  while (i < bytes.length && bytes[i] !== LF && bytes[i] !== CR) i++
  return i
}

/** Whether a `data:` line starts at `at`. Compared code by code, which V8 runs faster than `startsWith(…, at)`. */
export function isDataLine(text: string, at: number): boolean {
  return (
    text.charCodeAt(at) === 100 &&
    text.charCodeAt(at + 1) === 97 &&
    text.charCodeAt(at + 2) === 116 &&
    text.charCodeAt(at + 3) === 97 &&
    text.charCodeAt(at + 4) === COLON
  )
}

/** Whether an `id:` line starts at `at`. */
export function isIdLine(text: string, at: number): boolean {
  return text.charCodeAt(at) === 105 && text.charCodeAt(at + 1) === 100 && text.charCodeAt(at + 2) === COLON
}

/** Where a field's value starts: one space after the colon is no part of it. */
export function valueStart(text: string, afterColon: number): number {
  return text.charCodeAt(afterColon) === SPACE ? afterColon + 1 : afterColon
}

/** Where the line ends whose LF is at `lf`: CR before it belongs to the line end. */
export function endBefore(text: string, lf: number): number {
  return text.charCodeAt(lf - 1) === CR ? lf - 1 : lf
}

/** Whether a CR ends a line on its own somewhere. It cannot stand inside one. */
export function hasBareCr(text: string): boolean {
  for (let cr = text.indexOf('\r'); cr !== -1; cr = text.indexOf('\r', cr + 2)) {
    if (text.charCodeAt(cr + 1) !== LF) return true
  }
  return false
}

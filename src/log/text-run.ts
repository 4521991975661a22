import type { Buffer } from 'node:buffer'

/** Texts that follow each other, with the same before and after: their own parts are bytes one after the other. */
export interface TextRun {
  readonly before: string
  readonly after: string
  /** The bytes of each own part. */
  readonly sizes: readonly number[]
  /** Where the own parts lie: from `start` to before `end`. */
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** The texts of a run, made in one step where they are ASCII: a call for each costs three times as much. */
export function textsOf({ before, after, sizes, bytes, start, end }: TextRun): string[] {
  const all = bytes.toString('utf8', start, end)
  // As many characters as bytes: each is one of ASCII's.
  const isAscii = all.length === end - start
  let at = start
  return sizes.map((size) => {
    const from = at
    at += size
    return before + (isAscii ? all.slice(from - start, at - start) : bytes.toString('utf8', from, at)) + after
  })
}

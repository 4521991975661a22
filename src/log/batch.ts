import type { Batch, Entry, NewEntry } from './stream-log.ts'
import type { Tail } from './tail.ts'
import { textsOf } from './text-run.ts'

/** At most so many characters of data in one batch, so that a reader far behind costs a bounded step. */
export const BATCH_CHARS: number = 256 * 1024

/** The entries `from` to `last`, bounded, out of entries as they were pushed; `first`: the first of these. */
export function freshBatch(fresh: readonly NewEntry[], first: number, from: number, last: number): Batch {
  const only = fresh.length === 1 ? fresh[0] : undefined
  if (only !== undefined) return { entries: [placed(only, first)] }
  const entries: Entry[] = []
  let size = 0
  for (let offset = from; offset <= last && size < BATCH_CHARS; offset++) {
    const entry = fresh[offset - first]
    if (entry === undefined) break
    size += entry.data.length
    entries.push(placed(entry, offset))
  }
  return { entries }
}

/** The entries `first` to `last`, bounded. They must be in memory. */
export function readBatch(tail: Tail, first: number, last: number): Batch {
  if (first === last) return { entries: [tail.entry(first)] }
  const entries: Entry[] = []
  let size = 0
  for (let offset = first; offset <= last && size < BATCH_CHARS;) {
    const run = tail.run(offset, last, BATCH_CHARS - size)
    if (run === undefined) {
      const entry = tail.entry(offset++)
      size += entry.data.length
      entries.push(entry)
      continue
    }
    for (const data of textsOf(run)) {
      size += data.length
      entries.push({ offset: offset++, kind: 'chunk', data })
    }
  }
  return { entries }
}

function placed({ kind, data, name }: NewEntry, offset: number): Entry {
  return name === undefined ? { offset, kind, data } : { offset, kind, data, name }
}

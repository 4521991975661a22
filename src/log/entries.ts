import { SluiceError } from '../errors.ts'
import type { RecordWriter } from './record.ts'
import type { EntryKind, NewEntry } from './stream-log.ts'

/** By number, as they stand on disk: only ever add at the end. */
const KINDS: readonly EntryKind[] = ['chunk', 'usage', 'event', 'done', 'error']

const NAMED = 8

/**
 * Writes one entry into the record begun last: four bytes of length and kind, the name where there
 * is one, the data.
 */
export function writeEntry(into: RecordWriter, entry: NewEntry): void {
  const at = into.length
  into.u32(0)
  let mark = KINDS.indexOf(entry.kind)
  if (entry.name !== undefined) {
    mark |= NAMED
    into.u32(0)
    into.u32At(at + 4, into.text(entry.name))
  }
  into.u32At(at, into.text(entry.data) * 16 + mark)
}

/** Reads back `count` entries. Throws `log_damaged` when they do not fill the bytes exactly. */
export function readEntries(bytes: Buffer, count: number): NewEntry[] {
  const entries: NewEntry[] = []
  let at = 0
  try {
    for (let i = 0; i < count; i++) {
      const word = bytes.readUInt32LE(at)
      at += 4
      let name: string | undefined
      if ((word & NAMED) !== 0) {
        const end = at + 4 + bytes.readUInt32LE(at)
        name = bytes.toString('utf8', at + 4, end)
        at = end
      }
      const kind = KINDS[word & 7]
      if (kind === undefined) throw new RangeError(`kind ${word & 7}`)
      const end = at + (word >>> 4)
      const data = bytes.toString('utf8', at, end)
      entries.push(name === undefined ? { kind, data } : { kind, data, name })
      at = end
    }
    if (at !== bytes.length) throw new RangeError(`${bytes.length - at} bytes are left`)
  } catch (thrown) {
    throw new SluiceError('log_damaged', 'The entries of a record do not fit their record', { cause: thrown })
  }
  return entries
}

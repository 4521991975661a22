import { writeEntry } from './entries.ts'
import type { CloseNote, OpenNote } from './notes.ts'
import { RecordType } from './record.ts'
import type { RecordWriter } from './record.ts'
import type { Tail } from './tail.ts'

/** Bytes in one journal record of entries, about; one damaged record hurts no more than that. */
const RECORD_BYTES = 256 * 1024

/** Whose record it is in the journal. */
export interface Author {
  /** The stream's number in the journal. */
  readonly key: number
  /** Grows each time the stream is taken up again; records of an earlier one no longer count. */
  readonly epoch: number
}

/** Says (again) what stream this is. */
export function writeOpen(into: RecordWriter, { key, epoch }: Author, note: OpenNote): void {
  into.json(RecordType.open, key, epoch, note.first, 0, note)
}

/** Writes entries that are in memory, until the writer is about this long. Gives the last one's offset. */
export function writeEntries(into: RecordWriter, author: Author, tail: Tail, from: number, limit: number): number {
  const last = tail.pushed
  let offset = from
  while (offset <= last && into.length < limit) {
    const first = offset
    const until = into.length + RECORD_BYTES
    into.begin(RecordType.entries, author.key, author.epoch, first, 0)
    while (offset <= last && into.length < until) writeEntry(into, tail.entry(offset++))
    into.setCount(offset - first)
    into.finish()
  }
  return offset - 1
}

/** Says how the stream ended. */
export function writeClose(into: RecordWriter, { key, epoch }: Author, note: CloseNote): void {
  into.json(RecordType.close, key, epoch, note.last + 1, 0, note)
}

/** Says that the stream is forgotten. */
export function writeErase(into: RecordWriter, { key, epoch }: Author): void {
  into.json(RecordType.erase, key, epoch, 0, 0, null)
}

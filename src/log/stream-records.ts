import { IN_RUNS, writeEntry, writeRuns } from './entries.ts'
import type { CloseNote, OpenNote } from './notes.ts'
import { RecordType } from './record.ts'
import type { RecordWriter } from './record.ts'
import type { Tail } from './tail.ts'

/** Data in one journal record of entries, in UTF-16 units, about; one damaged record hurts no more than that. */
const RECORD_CHARS = 256 * 1024

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
  const { key, epoch } = author
  const last = tail.pushed
  let offset = from
  while (offset <= last && into.length < limit) {
    const first = offset
    // A single one, as most groups have of most streams, has nothing to share and is still at hand as it came.
    const isAlone = first === last
    into.begin(RecordType.entries, key, epoch, first, 0, isAlone ? 0 : IN_RUNS)
    if (isAlone) writeEntry(into, tail.pushedEntry(offset++))
    else offset = writeRuns(into, tail, first, last, RECORD_CHARS) + 1
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

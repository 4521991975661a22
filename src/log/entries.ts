import { SluiceError } from '../errors.ts'
import type { RecordWriter } from './record.ts'
import type { EntryKind, NewEntry } from './stream-log.ts'
import type { Tail } from './tail.ts'

/** By number, as they stand on disk: only ever add at the end. */
const KINDS: readonly EntryKind[] = ['chunk', 'usage', 'event', 'done', 'error']

const NAMED = 8

/** The flag of a record whose entries stand in runs. On disk: it never changes meaning. */
export const IN_RUNS = 2

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

/**
 * Writes the entries `first` to `last`, which are in memory, until their data has so many characters: what plain
 * chunks that follow each other have in common is written once. Gives the last one's offset.
 */
export function writeRuns(into: RecordWriter, tail: Tail, first: number, last: number, characters: number): number {
  let offset = first
  let size = 0
  while (offset <= last && size < characters) {
    const run = tail.run(offset, last, characters - size)
    if (run === undefined) {
      const entry = tail.entry(offset++)
      into.u32(0)
      writeEntry(into, entry)
      size += entry.data.length
      continue
    }
    const { before, after, sizes, bytes, start, end } = run
    into.u32(sizes.length)
    writeText(into, before)
    writeText(into, after)
    for (const length of sizes) into.u32(length)
    into.copy(bytes, start, end)
    offset += sizes.length
    size += end - start + sizes.length * (before.length + after.length)
  }
  return offset - 1
}

/** Reads back `count` entries. `flags`: their record's. Throws `log_damaged` when they do not fill the bytes exactly. */
export function readEntries(bytes: Buffer, count: number, flags: number): NewEntry[] {
  const entries: NewEntry[] = []
  const from = new Cursor(bytes)
  try {
    while (entries.length < count) {
      if ((flags & IN_RUNS) === 0) entries.push(readEntry(from))
      else readRun(from, entries)
    }
    if (entries.length > count || from.left > 0) throw new RangeError('the entries do not fill the record')
  } catch (thrown) {
    throw new SluiceError('log_damaged', 'The entries of a record do not fit their record', { cause: thrown })
  }
  return entries
}

function readEntry(from: Cursor): NewEntry {
  const word = from.u32()
  const name = (word & NAMED) === 0 ? undefined : from.text(from.u32())
  const kind = KINDS[word & 7]
  if (kind === undefined) throw new RangeError(`kind ${word & 7}`)
  const data = from.text(word >>> 4)
  return name === undefined ? { kind, data } : { kind, data, name }
}

function readRun(from: Cursor, into: NewEntry[]): void {
  const count = from.u32()
  if (count === 0) return void into.push(readEntry(from))
  const before = from.text(from.u32())
  const after = from.text(from.u32())
  // Checked before it is believed: so many sizes there must be.
  if (count * 4 > from.left) throw new RangeError(`${count} entries in ${from.left} bytes`)
  const sizes = Array.from({ length: count }, () => from.u32())
  for (const size of sizes) into.push({ kind: 'chunk', data: before + from.text(size) + after })
}

function writeText(into: RecordWriter, text: string): void {
  const at = into.length
  into.u32(0)
  into.u32At(at, into.text(text))
}

/** A place in bytes that moves on with each thing read. Throws `RangeError` beyond the end. */
class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Bytes from here to the end. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  u32(): number {
    const value = this.#bytes.readUInt32LE(this.#at)
    this.#at += 4
    return value
  }

  text(bytes: number): string {
    if (bytes > this.left) throw new RangeError(`${bytes} bytes of ${this.left}`)
    const start = this.#at
    this.#at += bytes
    return this.#bytes.toString('utf8', start, this.#at)
  }
}

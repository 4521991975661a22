import { SluiceError } from '../errors.ts'
import { readEntries } from './entries.ts'
import { parseClose, parseEnvelope, parseOpen } from './notes.ts'
import type { BlockRef, CloseNote, Cut, OpenNote } from './notes.ts'
import type { RecordHeader } from './record.ts'
import type { Outcome, StreamInit } from './stream-log.ts'
import type { Author } from './stream-records.ts'
import { Tail } from './tail.ts'

/** The fewest bytes that an entry takes on disk: bounds how many entries damaged bytes can have held. */
const ENTRY_BYTES = 4

/** A stream as it is put together from the journal's records. */
export class Draft {
  readonly init: StreamInit
  readonly key: number
  /** The oldest segment that holds something of it. */
  readonly pinned: number
  /** False when the archive has it: its entries need not be read. */
  isNeeded = true
  #epoch: number
  #first: number
  #blocks: readonly BlockRef[]
  #tail: Tail
  #highest = -1
  #hasGap = false
  #isSuspect = false
  #close: CloseNote | undefined
  #cut: Cut | undefined

  private constructor(header: RecordHeader, note: OpenNote, segment: number) {
    this.init = note.init
    this.key = header.key
    this.pinned = segment
    this.#epoch = header.epoch
    this.#first = note.first
    this.#blocks = note.blocks
    this.#tail = new Tail(startOf(note))
  }

  /** From the record that says what stream it is; undefined when that cannot be read. */
  static from(header: RecordHeader, content: Buffer, segment: number): Draft | undefined {
    const note = parseOpen(content)
    return note === undefined ? undefined : new Draft(header, note, segment)
  }

  get epoch(): number {
    return this.#epoch
  }

  get author(): Author {
    return { key: this.key, epoch: this.#epoch }
  }

  get first(): number {
    return this.#first
  }

  get blocks(): readonly BlockRef[] {
    return this.#blocks
  }

  get tail(): Tail {
    return this.#tail
  }

  get cut(): Cut | undefined {
    return this.#cut
  }

  /** The stream is stated anew: taken up again, or with more of it in the archive. */
  reopen(header: RecordHeader, content: Buffer): void {
    const note = parseOpen(content)
    if (note === undefined) return this.suspect()
    this.#epoch = header.epoch
    this.#first = note.first
    this.#blocks = note.blocks
    const start = startOf(note)
    if (start <= this.#tail.pushed + 1) this.#tail.dropBefore(start)
    else {
      // The archive has what is missing here, or it was given up.
      this.#tail = new Tail(start)
      this.#hasGap = false
    }
  }

  entries(header: RecordHeader, content: Buffer): void {
    if (!this.isNeeded) return
    this.#epoch = header.epoch
    this.#highest = Math.max(this.#highest, header.first + header.count - 1)
    const known = this.#tail.pushed + 1 - header.first
    if (known < 0) this.#hasGap = true
    // Written twice: a write that failed half-way, or a stream that left an old segment.
    if (this.#hasGap || known >= header.count) return
    try {
      for (const entry of readEntries(content, header.count, header.flags).slice(known)) this.#tail.push(entry)
    } catch {
      this.#hasGap = true
    }
  }

  close(content: Buffer): void {
    this.#close = parseClose(content)
    if (this.#close === undefined) this.suspect()
  }

  /** Something that may have been this stream's was lost. */
  suspect(): void {
    if (this.#close === undefined) this.#isSuspect = true
  }

  /**
   * Everything has been read. When entries are missing, the stream ends where the gap is, with an
   * error whose offset is above all that can have been lost: whatever a reader had seen, it comes next.
   */
  conclude(lostBytes: number): void {
    const { pushed } = this.#tail
    const isShort = this.#close === undefined ? this.#isSuspect : this.#close.last !== pushed
    if (this.isNeeded && (this.#hasGap || isShort)) {
      const error = new SluiceError('log_damaged', 'A part of this stream was lost').toEnvelope().error
      const last = Math.max(this.#highest, this.#close?.last ?? -1, pushed + Math.ceil(lostBytes / ENTRY_BYTES))
      this.#cut = { at: pushed + 1, offset: last + 1, error }
    }
    this.#tail.publish(pushed)
  }

  /** How it ended; undefined when it did not: its producer is gone. */
  end(now: number): { readonly outcome: Outcome; readonly closedAt: number } | undefined {
    if (this.#cut !== undefined) {
      const { error } = this.#cut
      return { outcome: { status: 'failed', error }, closedAt: this.#close?.closedAt ?? now }
    }
    if (this.#close !== undefined) return this.#close
    const outcome = this.#saidEnd()
    return outcome === undefined ? undefined : { outcome, closedAt: now }
  }

  /** The end that readers were given as an entry before the outcome could be written. */
  #saidEnd(): Outcome | undefined {
    const { pushed, base } = this.#tail
    if (pushed < base) return undefined
    const last = this.#tail.entry(pushed)
    if (last.kind === 'done') return { status: 'completed' }
    if (last.kind !== 'error') return undefined
    const error = parseEnvelope(last.data)
    return { status: error?.code === 'cancelled' ? 'cancelled' : 'failed', error }
  }
}

function startOf(note: OpenNote): number {
  const last = note.blocks.at(-1)
  return last === undefined ? note.first : Math.max(note.first, last.first + last.count)
}

import { Buffer } from 'node:buffer'
import { ENTRY_BYTES, FRAME_BYTES, Header, KIND_BITS, KINDS, NAME_BYTES, STATUSES } from './packed.ts'
import type { Outcome, StreamInit } from './stream-log.ts'
import type { Oddity, Tail } from './tail.ts'
import type { Frame } from './text-frame.ts'

/** The bytes it starts with, and the most it holds on to. */
const FEW = 64 * 1024
const MANY = 1024 * 1024

const NO_NAMES: ReadonlyMap<string, number> = new Map()

/** What is kept of a stream that has ended. */
export interface Ended {
  readonly init: StreamInit
  readonly outcome: Outcome
  /** Milliseconds since 1970. */
  readonly closedAt: number
  /** All of its entries. */
  readonly tail: Tail
}

/** Makes bytes of streams that have ended, in one buffer that is used again and again. `Packed` reads them. */
export class Packer {
  #bytes: Buffer = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer, 0, 0)
  #length = 0

  /** The bytes of the stream packed last. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Gives how many bytes it became; 0 when some of its texts cannot be written as UTF-8 (a lone surrogate). */
  pack(stream: Ended): number {
    const { texts, oddities, pushed } = stream.tail
    const names = oddities === undefined ? NO_NAMES : numbered(oddities)
    const { frames } = texts
    const framesAt = Header.size + (pushed + 1) * ENTRY_BYTES
    const namesAt = framesAt + frames.length * FRAME_BYTES
    const ownAt = namesAt + names.size * NAME_BYTES
    const textsAt = ownAt + texts.endOf(pushed)
    const { init, outcome } = stream
    const isPlain = texts.isPlain && init.model.isWellFormed() && init.conversation?.isWellFormed() !== false
    if (!isPlain || (names.size > 0 && names.keys().some((name) => !name.isWellFormed()))) return 0
    this.#start(textsAt)
    texts.copyTo(this.#bytes, ownAt)
    this.#writeHeader(stream, frames.length, names.size, textsAt)
    this.#number(Header.model, this.#text(init.model))
    this.#number(Header.conversation, init.conversation === undefined ? 0 : this.#text(init.conversation) + 1)
    this.#number(Header.outcome, this.#text(JSON.stringify(outcome)))
    this.#writeEntries(stream.tail, names)
    this.#writeFrames(frames, framesAt)
    this.#writeNames(names, namesAt)
    return this.#length
  }

  #writeHeader({ init, outcome, closedAt, tail }: Ended, frames: number, names: number, textsAt: number): void {
    const view = this.#view
    view.setFloat64(Header.createdAt, init.createdAt, true)
    view.setFloat64(Header.closedAt, closedAt, true)
    view.setUint32(Header.count, tail.pushed + 1, true)
    view.setUint32(Header.status, STATUSES.indexOf(outcome.status), true)
    view.setUint32(Header.frames, frames, true)
    view.setUint32(Header.names, names, true)
    view.setUint32(Header.texts, textsAt, true)
  }

  #writeEntries({ texts, oddities, pushed }: Tail, names: ReadonlyMap<string, number>): void {
    const view = this.#view
    for (let offset = 0, at: number = Header.size; offset <= pushed; offset++, at += ENTRY_BYTES) {
      view.setUint32(at, texts.endOf(offset), true)
      view.setUint32(at + 4, 0, true)
    }
    for (const [offset, { kind, name }] of oddities ?? []) {
      const mark = KINDS.indexOf(kind) | ((name === undefined ? 0 : (names.get(name) ?? 0)) << KIND_BITS)
      view.setUint32(Header.size + offset * ENTRY_BYTES + 4, mark, true)
    }
  }

  #writeFrames(frames: readonly Frame[], framesAt: number): void {
    let at = framesAt
    for (const { from, before, after } of frames) {
      this.#number(at, from)
      this.#number(at + 4, this.#length)
      this.#number(at + 8, this.#text(before))
      this.#number(at + 12, this.#text(after))
      at += FRAME_BYTES
    }
  }

  #writeNames(names: ReadonlyMap<string, number>, namesAt: number): void {
    let at = namesAt
    for (const name of names.keys()) {
      this.#number(at, this.#length)
      this.#number(at + 4, this.#text(name))
      at += NAME_BYTES
    }
  }

  /** Takes the value first: to write a text may replace the view. */
  #number(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  /** Adds a text after all that was written. Gives its bytes. */
  #text(text: string): number {
    if (text === '') return 0
    // Three bytes are the most that one UTF-16 unit becomes.
    this.#room(this.#length + text.length * 3)
    const written = this.#bytes.write(text, this.#length, 'utf8')
    this.#length += written
    return written
  }

  #start(length: number): void {
    if (this.#bytes.length > MANY) this.#resize(FEW)
    this.#room(length)
    this.#length = length
  }

  #room(bytes: number): void {
    if (bytes > this.#bytes.length) this.#resize(Math.max(bytes, this.#bytes.length * 2, FEW))
  }

  #resize(size: number): void {
    const other = Buffer.allocUnsafeSlow(size)
    this.#bytes.copy(other, 0, 0, Math.min(this.#length, size))
    this.#bytes = other
    this.#view = new DataView(other.buffer, other.byteOffset, size)
  }
}

/** The names of events, numbered from 1 on. */
function numbered(oddities: ReadonlyMap<number, Oddity>): ReadonlyMap<string, number> {
  let names: Map<string, number> | undefined
  for (const { name } of oddities.values()) {
    if (name === undefined) continue
    names ??= new Map()
    if (!names.has(name)) names.set(name, names.size + 1)
  }
  return names ?? NO_NAMES
}

import type { Slab } from './slabs.ts'
import type { Batch, Entry, EntryKind, ListFilter, Outcome, StreamState } from './stream-log.ts'
import { BATCH_CHARS } from './batch.ts'

/**
 * How a stream that has ended lies in its slab (see `Packer`). Numbers are 32 bits, little-endian, but for two of 64
 * (IEEE 754); texts are UTF-8. After the header come a table of entries, one of frames and one of names, then the
 * entries' own parts (see `TextStore`), then all other texts.
 */
export const Header = {
  createdAt: 0,
  closedAt: 8,
  count: 16,
  status: 20,
  frames: 24,
  names: 28,
  /** Where the texts begin, and how many bytes each of them has, in their order. */
  texts: 32,
  model: 36,
  /** One more than its bytes; 0: there is none. */
  conversation: 40,
  outcome: 44,
  size: 48,
} as const

/** Of one entry: where its own part ends, from where the first one begins; its kind and its name's number from 1 on. */
export const ENTRY_BYTES = 8

/** Of one frame: its first entry, where its text lies, the bytes of what it puts before, and of what it puts after. */
export const FRAME_BYTES = 16

/** Of one name: where it lies, its bytes. */
export const NAME_BYTES = 8

/** By number, in the low bits of an entry's mark. */
export const KINDS: readonly EntryKind[] = ['chunk', 'usage', 'event', 'done', 'error']

/** A name's number stands above so many bits of an entry's mark. */
export const KIND_BITS = 3

/** By number. */
export const STATUSES: readonly Outcome['status'][] = ['completed', 'failed', 'cancelled']

/** One stream that has ended, where it lies: to be read, not to be kept. */
export class Packed {
  readonly #bytes: Buffer
  readonly #view: DataView
  readonly #at: number

  constructor(slab: Slab, at: number) {
    this.#bytes = slab.bytes
    this.#view = slab.view
    this.#at = at
  }

  get createdAt(): number {
    return this.#view.getFloat64(this.#at + Header.createdAt, true)
  }

  get closedAt(): number {
    return this.#view.getFloat64(this.#at + Header.closedAt, true)
  }

  /** How many entries there are. */
  get count(): number {
    return this.#number(Header.count)
  }

  get status(): Outcome['status'] {
    return STATUSES[this.#number(Header.status)] ?? 'failed'
  }

  get conversation(): string | undefined {
    const length = this.#number(Header.conversation)
    return length === 0 ? undefined : this.#text(this.#textsAt + this.#number(Header.model), length - 1)
  }

  /** Whether it is one of those that are asked for. */
  suits({ status, conversation }: ListFilter): boolean {
    if (status !== undefined && this.status !== status) return false
    return conversation === undefined || this.conversation === conversation
  }

  state(id: string, owner: string, expiresAfter: number): StreamState {
    const { conversation } = this
    const modelBytes = this.#number(Header.model)
    const model = this.#text(this.#textsAt, modelBytes)
    const outcomeAt = this.#textsAt + modelBytes + Math.max(0, this.#number(Header.conversation) - 1)
    // Our own words: what was given to `close`.
    const outcome: Outcome = JSON.parse(this.#text(outcomeAt, this.#number(Header.outcome)))
    const init = { id, owner, model, createdAt: this.createdAt }
    return {
      ...(conversation === undefined ? init : { ...init, conversation }),
      status: outcome.status,
      outcome,
      first: 0,
      last: this.count - 1,
      expiresAt: this.closedAt + expiresAfter,
    }
  }

  /** The entries from this offset on, as many as make a batch. There must be one. */
  batch(first: number): Batch {
    const { count } = this
    const ownAt = this.#namesAt + this.#number(Header.names) * NAME_BYTES
    const entries: Entry[] = []
    let frame = this.#frameOf(first)
    let { before, after } = this.#frame(frame)
    let nextFrom = this.#firstIn(frame + 1)
    let start = first === 0 ? 0 : this.#number(Header.size + (first - 1) * ENTRY_BYTES)
    let size = 0
    for (let offset = first; offset < count && size < BATCH_CHARS; offset++) {
      if (offset >= nextFrom) {
        frame++
        ;({ before, after } = this.#frame(frame))
        nextFrom = this.#firstIn(frame + 1)
      }
      const place = Header.size + offset * ENTRY_BYTES
      const end = this.#number(place)
      const data = before + this.#text(ownAt + start, end - start) + after
      entries.push(this.#entry(offset, this.#number(place + 4), data))
      size += data.length
      start = end
    }
    return { entries }
  }

  #entry(offset: number, mark: number, data: string): Entry {
    const kind = KINDS[mark & ((1 << KIND_BITS) - 1)] ?? 'chunk'
    const name = mark >>> KIND_BITS
    return name === 0 ? { offset, kind, data } : { offset, kind, data, name: this.#name(name - 1) }
  }

  #name(index: number): string {
    const place = this.#namesAt + index * NAME_BYTES
    return this.#text(this.#number(place), this.#number(place + 4))
  }

  /** The frame in which this entry's data stands. */
  #frameOf(offset: number): number {
    let low = 0
    let high = this.#number(Header.frames) - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#firstIn(middle) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  #firstIn(frame: number): number {
    return frame < this.#number(Header.frames) ? this.#number(this.#framesAt + frame * FRAME_BYTES) : Infinity
  }

  #frame(index: number): { readonly before: string; readonly after: string } {
    const place = this.#framesAt + index * FRAME_BYTES
    const at = this.#number(place + 4)
    const length = this.#number(place + 8)
    return { before: this.#text(at, length), after: this.#text(at + length, this.#number(place + 12)) }
  }

  get #framesAt(): number {
    return Header.size + this.count * ENTRY_BYTES
  }

  get #namesAt(): number {
    return this.#framesAt + this.#number(Header.frames) * FRAME_BYTES
  }

  get #textsAt(): number {
    return this.#number(Header.texts)
  }

  #number(place: number): number {
    return this.#view.getUint32(this.#at + place, true)
  }

  #text(place: number, length: number): string {
    const from = this.#at + place
    return length === 0 ? '' : this.#bytes.toString('utf8', from, from + length)
  }
}

import { SluiceError } from '../errors.ts'
import type { BlockRef, Cut } from './notes.ts'
import type { Readable, Taken } from './reader.ts'
import type { Batch } from './stream-log.ts'
import type { Tail, Waiter } from './tail.ts'

/** Reads a block of this stream back. Rejects with `log_damaged` when it is not what was written. */
export type LoadBlock = (id: string, ref: BlockRef) => Promise<Batch>

/** What a body is made of. */
export interface BodyParts {
  readonly id: string
  readonly first: number
  readonly tail: Tail
  readonly blocks: readonly BlockRef[]
  readonly cut: Cut | undefined
}

/**
 * What readers read of one stream of the file log: blocks in the archive, then entries in memory.
 * The blocks end where the memory begins.
 */
export class Body implements Readable {
  readonly id: string
  readonly tail: Tail
  readonly #load: LoadBlock
  readonly #onCut: () => void
  #first: number
  #blocks: readonly BlockRef[]
  #cut: Cut | undefined
  #closing: Batch | undefined
  #isEnded = false
  #gone: 'expired' | 'erased' | undefined

  /** `onCut` is called when damage was met that changes how the stream ends. */
  constructor(parts: BodyParts, load: LoadBlock, onCut: () => void) {
    this.id = parts.id
    this.tail = parts.tail
    this.#first = parts.first
    this.#blocks = parts.blocks
    this.#cut = parts.cut
    this.#load = load
    this.#onCut = onCut
  }

  /** Offset of the first entry that can be read. */
  get first(): number {
    return this.#first
  }

  /** Offset of the newest readable entry. */
  get last(): number {
    return this.#cut?.offset ?? this.tail.readable
  }

  get blocks(): readonly BlockRef[] {
    return this.#blocks
  }

  get cut(): Cut | undefined {
    return this.#cut
  }

  get gone(): 'expired' | 'erased' | undefined {
    return this.#gone
  }

  take(after: number): Taken {
    if (this.#gone === 'erased') return 'end'
    if (this.#gone === 'expired' || after + 1 < this.#first) {
      throw new SluiceError('cursor_expired', 'This part of the stream is no longer kept')
    }
    const cut = this.#cut
    if (cut !== undefined && after + 1 >= cut.at) return after < cut.offset ? this.#closingError(cut) : 'end'
    if (after >= this.tail.readable) return this.#isEnded ? 'end' : 'wait'
    if (after + 1 >= this.tail.base) return this.tail.take(after) ?? 'wait'
    return this.#fromBlock(after)
  }

  park(waiter: Waiter): void {
    this.tail.park(waiter)
  }

  leave(waiter: Waiter): void {
    this.tail.leave(waiter)
  }

  /** There will be no more entries. */
  end(): void {
    this.#isEnded = true
    this.tail.end()
  }

  /** These blocks hold what memory held until now, up to and with their last entry. Gives the bytes freed. */
  keep(blocks: readonly BlockRef[]): number {
    this.#blocks = this.#blocks.concat(blocks)
    const last = blocks.at(-1)
    return last === undefined ? 0 : this.tail.dropBefore(last.first + last.count)
  }

  /** The same blocks, elsewhere. */
  relocate(blocks: readonly BlockRef[]): void {
    this.#blocks = blocks
  }

  /** Gives up the older half of what is in memory, which could not be kept, and all before. Gives the bytes freed. */
  trim(): number {
    const { tail } = this
    this.#first = tail.base + Math.ceil((tail.readable + 1 - tail.base) / 2)
    return tail.dropBefore(this.#first)
  }

  /** Lets go of the content; readers learn of it when they look again. Gives the bytes freed. */
  forget(why: 'expired' | 'erased'): number {
    this.#gone = why
    const freed = this.tail.dropBefore(this.tail.pushed + 1)
    this.tail.end()
    return freed
  }

  #fromBlock(after: number): Promise<Batch> {
    const ref = this.#blocks.findLast((block) => block.first <= after + 1)
    if (ref === undefined) throw new SluiceError('internal', `Offset ${after + 1} of ${this.id} is nowhere`)
    return this.#load(this.id, ref).then(
      (batch) => (after < ref.first ? batch : { entries: batch.entries.slice(after + 1 - ref.first) }),
      (thrown: unknown) => this.#unreadable(ref, thrown),
    )
  }

  /**
   * A closed stream ends here for everybody, with an error where the damage is. An open one goes on
   * for those who have read further.
   */
  #unreadable(ref: BlockRef, thrown: unknown): Batch {
    if (this.#gone !== undefined) throw new SluiceError('cursor_expired', 'This stream is no longer kept')
    const error = SluiceError.from(thrown, 'log_unavailable')
    if (error.code !== 'log_damaged' || !this.#isEnded) throw error
    if (this.#cut === undefined || this.#cut.at > ref.first) {
      this.#cut = { at: ref.first, offset: this.last + 1, error: error.toEnvelope().error }
      this.#closing = undefined
      this.#onCut()
    }
    return this.#closingError(this.#cut)
  }

  #closingError(cut: Cut): Batch {
    const { offset, error } = cut
    this.#closing ??= { entries: [{ offset, kind: 'error', data: JSON.stringify({ error }) }] }
    return this.#closing
  }
}

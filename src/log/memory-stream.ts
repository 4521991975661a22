import { SluiceError } from '../errors.ts'
import { Listed } from './listed.ts'
import type { MemoryAccount } from './memory-account.ts'
import { Packed } from './packed.ts'
import type { Readable, Taken } from './reader.ts'
import type { Slab } from './slabs.ts'
import type { ListFilter, NewEntry, Outcome, StreamInit, StreamState, StreamWriter } from './stream-log.ts'
import { Tail } from './tail.ts'
import type { Waiter } from './tail.ts'
import { TextStore } from './text-store.ts'

/** What one packed stream takes up beside its bytes: 120 of this object, 48 of its id, up to 80 of its place in a `Map`. */
const PACKED_OVERHEAD = 256

/** So many text stores are kept to be used again: a page of their own costs as much as all else of a short stream. */
const SPARE_TEXTS = 64

/** What a stream is made of until it is packed. */
interface Loose {
  readonly init: StreamInit
  readonly tail: Tail
  /** There only where it could not be packed: it is large, or UTF-8 cannot hold some text of it. */
  end: Ending | undefined
}

interface Ending {
  readonly outcome: Outcome
  /** Milliseconds since 1970. */
  readonly closedAt: number
}

/**
 * One stream: what its writer writes to and its readers read from. When it ends, all of it becomes bytes in a slab;
 * this object and its id are what the garbage collector sees of it from then on.
 */
export class MemoryStream extends Listed<MemoryStream> implements StreamWriter, Readable {
  readonly id: string
  readonly owner: string
  readonly #account: MemoryAccount<MemoryStream>
  #loose: Loose | undefined
  #slab: Slab | undefined = undefined
  #at = 0
  #gone: 'expired' | 'erased' | undefined = undefined

  constructor(init: StreamInit, account: MemoryAccount<MemoryStream>) {
    super()
    this.id = init.id
    this.owner = init.owner
    this.#account = account
    this.#loose = {
      init: withoutRequest(init),
      tail: new Tail(0, account.texts.pop() ?? new TextStore()),
      end: undefined,
    }
  }

  get createdAt(): number {
    return this.#loose === undefined ? (this.#packed?.createdAt ?? 0) : this.#loose.init.createdAt
  }

  get closedAt(): number | undefined {
    return this.#loose === undefined ? this.#packed?.closedAt : this.#loose.end?.closedAt
  }

  append(entries: readonly NewEntry[]): void {
    if (this.#gone !== undefined) return
    const account = this.#account
    const loose = this.#loose
    if (loose === undefined || loose.end !== undefined) {
      throw new SluiceError('internal', `Stream ${this.id} is closed`)
    }
    const { tail } = loose
    let cost = 0
    for (const entry of entries) cost += tail.push(entry)
    account.bytes += cost
    tail.publish(tail.pushed, entries)
    account.relieve()
  }

  close(outcome: Outcome): Promise<void> {
    const loose = this.#loose
    if (loose !== undefined && loose.end === undefined) {
      loose.end = { outcome, closedAt: this.#account.now() }
      const isPacked = this.#pack(loose, loose.end)
      this.#account.onClose(this)
      if (isPacked) this.#letGoOf(loose.tail)
      else loose.tail.end()
    }
    return Promise.resolve()
  }

  take(after: number): Taken {
    if (this.#gone === 'erased') return 'end'
    if (this.#gone === 'expired') throw new SluiceError('cursor_expired', 'This stream is no longer kept')
    const loose = this.#loose
    if (loose === undefined) return this.#takePacked(after)
    return loose.tail.take(after) ?? (loose.end === undefined && !this.#account.isShut ? 'wait' : 'end')
  }

  park(waiter: Waiter): void {
    this.#loose?.tail.park(waiter)
  }

  leave(waiter: Waiter): void {
    this.#loose?.tail.leave(waiter)
  }

  override suits(filter: ListFilter): boolean {
    return this.#packed?.suits(filter) ?? super.suits(filter)
  }

  state(): StreamState {
    const { expiresAfter } = this.#account
    const loose = this.#loose
    if (loose === undefined) {
      const packed = this.#packed
      if (packed === undefined) throw new SluiceError('internal', `Stream ${this.id} is gone`)
      return packed.state(this.id, this.owner, expiresAfter)
    }
    const { init, tail, end } = loose
    return {
      ...init,
      status: end?.outcome.status ?? 'open',
      outcome: end?.outcome,
      first: 0,
      last: tail.readable,
      expiresAt: end === undefined ? undefined : end.closedAt + expiresAfter,
    }
  }

  /** Lets its readers look again. */
  stir(): void {
    this.#loose?.tail.stir()
  }

  /** Lets go of the content; readers learn of it when they look again. */
  forget(why: 'expired' | 'erased'): void {
    if (this.#gone !== undefined) return
    this.#gone = why
    const account = this.#account
    if (this.#slab !== undefined) {
      account.bytes -= PACKED_OVERHEAD
      account.slabs.release(this.#slab)
      this.#slab = undefined
    }
    const loose = this.#loose
    if (loose === undefined) return
    this.#loose = undefined
    account.bytes -= loose.tail.bytes
    loose.tail.stir()
  }

  get #packed(): Packed | undefined {
    return this.#slab === undefined ? undefined : new Packed(this.#slab, this.#at)
  }

  /** False: it stays as it is. A large one's texts are in few and large pages anyway, and to copy them takes time. */
  #pack({ init, tail }: Loose, end: Ending): boolean {
    const account = this.#account
    const { packer, slabs } = account
    if (tail.bytes > slabs.largest) return false
    const length = packer.pack({ init, tail, ...end })
    if (length === 0 || length > slabs.largest) return false
    this.#slab = slabs.add(packer.bytes, length)
    this.#at = this.#slab.used - length
    this.#loose = undefined
    account.bytes += PACKED_OVERHEAD - tail.bytes
    return true
  }

  #letGoOf(tail: Tail): void {
    tail.stir()
    const { texts } = this.#account
    if (texts.length >= SPARE_TEXTS) return
    tail.texts.clear()
    texts.push(tail.texts)
  }

  #takePacked(after: number): Taken {
    const packed = this.#packed
    if (packed === undefined || after + 1 >= packed.count) return 'end'
    const { recent } = this.#account
    const known = recent.find(this, after + 1)
    if (known !== undefined) return known
    const batch = packed.batch(after + 1)
    recent.remember(this, batch)
    return batch
  }
}

/** The request is of use only after a crash, which this log does not survive. */
function withoutRequest(init: StreamInit): StreamInit {
  if (init.request === undefined) return init
  const { request: _, ...kept } = init
  return kept
}

import { SluiceError } from '../errors.ts'
import type { Listed } from './catalogue.ts'
import type { Readable, Taken } from './reader.ts'
import type { NewEntry, Outcome, StreamInit, StreamState, StreamWriter } from './stream-log.ts'
import { Tail } from './tail.ts'
import type { Waiter } from './tail.ts'

/** What the streams of one log share. */
export interface MemoryAccount {
  /** What all entries in memory cost. */
  bytes: number
  readonly expiresAfter: number
  readonly now: () => number
  /** The stream has ended. */
  readonly onClose: (stream: MemoryStream) => void
  /** Makes room when there is too much. */
  readonly relieve: () => void
}

/** One stream: what its writer writes to and its readers read from. */
export class MemoryStream implements StreamWriter, Readable, Listed {
  readonly id: string
  readonly owner: string
  readonly #init: StreamInit
  readonly #account: MemoryAccount
  readonly #tail = new Tail()
  #outcome: Outcome | undefined
  #closedAt: number | undefined
  #gone: 'expired' | 'erased' | undefined
  #isShut = false

  constructor(init: StreamInit, account: MemoryAccount) {
    this.id = init.id
    this.owner = init.owner
    // The request is of use only after a crash, which this log does not survive.
    const { request: _, ...kept } = init
    this.#init = kept
    this.#account = account
  }

  get closedAt(): number | undefined {
    return this.#closedAt
  }

  append(entries: readonly NewEntry[]): void {
    if (this.#gone !== undefined) return
    if (this.#outcome !== undefined) throw new SluiceError('internal', `Stream ${this.id} is closed`)
    const tail = this.#tail
    let cost = 0
    for (const entry of entries) cost += tail.push(entry)
    this.#account.bytes += cost
    tail.publish(tail.pushed)
    this.#account.relieve()
  }

  close(outcome: Outcome): Promise<void> {
    if (this.#outcome === undefined && this.#gone === undefined) {
      this.#outcome = outcome
      this.#closedAt = this.#account.now()
      this.#account.onClose(this)
      this.#tail.end()
    }
    return Promise.resolve()
  }

  take(after: number): Taken {
    if (this.#gone === 'erased') return 'end'
    if (this.#gone === 'expired') throw new SluiceError('cursor_expired', 'This stream is no longer kept')
    return this.#tail.take(after) ?? (this.#outcome === undefined && !this.#isShut ? 'wait' : 'end')
  }

  park(waiter: Waiter): void {
    this.#tail.park(waiter)
  }

  leave(waiter: Waiter): void {
    this.#tail.leave(waiter)
  }

  state(): StreamState {
    const closedAt = this.#closedAt
    return {
      ...this.#init,
      status: this.#outcome?.status ?? 'open',
      outcome: this.#outcome,
      first: 0,
      last: this.#tail.readable,
      expiresAt: closedAt === undefined ? undefined : closedAt + this.#account.expiresAfter,
    }
  }

  /** The log is closed: nobody waits for more. */
  shut(): void {
    this.#isShut = true
    this.#tail.stir()
  }

  /** Lets go of the content; readers learn of it when they look again. */
  forget(why: 'expired' | 'erased'): void {
    if (this.#gone !== undefined) return
    this.#gone = why
    this.#account.bytes -= this.#tail.bytes
    this.#tail.dropBefore(this.#tail.pushed + 1)
    this.#tail.end()
  }
}

import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import { LogFlow } from './flow.ts'
import type { Batch, BatchSink, BatchSource } from './stream-log.ts'
import type { Waiter } from './tail.ts'

/** What a stream has for a reader: entries, entries that are on their way, nothing yet, nothing any more. */
export type Taken = Batch | Promise<Batch> | 'wait' | 'end'

/** A stream as a reader sees it. */
export interface Readable {
  /** What comes after this offset. Throws `SluiceError` when it can no longer be given. */
  take(after: number): Taken
  /** Puts a reader among those that wait for more. */
  park(waiter: Waiter): void
  /** Takes it from among them. */
  leave(waiter: Waiter): void
}

/** The unfinished `next` of a waiting reader. */
interface Parked {
  readonly promise: Promise<IteratorResult<Batch>>
  readonly resolve: (result: IteratorResult<Batch>) => void
  readonly reject: (thrown: unknown) => void
}

const END: IteratorReturnResult<undefined> = { value: undefined, done: true }

/**
 * One reader of one stream: a position, and at most one promise while it waits. It is written out as
 * an iterator, not as a generator, so that a wake-up costs one microtask and its result object is
 * shared with the other readers.
 */
export class LogReader implements AsyncIterableIterator<Batch>, BatchSource, Waiter {
  readonly #open: () => Readable
  readonly #signal: CancelSignal | undefined
  readonly #onAbort = (): void => this.#finish()
  #source: Readable | undefined
  #after: number
  #over = false
  #listening = false
  #parked: Parked | undefined
  /** The newest unfinished `next`; calls that overlap line up behind it. */
  #busy: Promise<unknown> | undefined
  slot = -1

  /** `open` finds the stream, at the first `next`, and throws when there is none to be read. */
  constructor(open: () => Readable, after: number, signal: CancelSignal | undefined) {
    this.#open = open
    this.#after = after
    this.#signal = signal
  }

  get after(): number {
    return this.#after
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  flow(sink: BatchSink): Promise<void> {
    this.#over = true
    return new LogFlow(this.#after, this.#signal, sink).run(() => this.#start())
  }

  next(): Promise<IteratorResult<Batch>> {
    const before = this.#busy
    if (before === undefined) return this.#step()
    // Calls may overlap; each waits for the one before it. Nobody does this in a loop.
    return this.#hold(
      before.then(
        () => this.#step(),
        () => END,
      ),
    )
  }

  return(): Promise<IteratorResult<Batch>> {
    this.#finish()
    return Promise.resolve(END)
  }

  wake(result: IteratorYieldResult<Batch>): void {
    this.#after = lastOffset(result.value)
    this.#settle(result)
  }

  retry(): void {
    if (this.#parked === undefined) return
    try {
      const taken = this.#take()
      if (taken === 'wait') this.#source?.park(this)
      else if (taken === 'end') this.#finish()
      else if (taken instanceof Promise) this.#load(taken).then(this.#settle, this.#fail)
      else this.wake({ value: taken, done: false })
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #step(): Promise<IteratorResult<Batch>> {
    if (this.#over || this.#signal?.aborted === true) return this.return()
    try {
      const taken = this.#take()
      if (taken === 'wait') return this.#wait()
      if (taken === 'end') return this.return()
      if (taken instanceof Promise) return this.#hold(this.#load(taken))
      this.#after = lastOffset(taken)
      return Promise.resolve({ value: taken, done: false })
    } catch (thrown) {
      this.#finish()
      return Promise.reject(SluiceError.from(thrown))
    }
  }

  #take(): Taken {
    this.#source ??= this.#start()
    return this.#source.take(this.#after)
  }

  #start(): Readable {
    if (!Number.isSafeInteger(this.#after) || this.#after < -1) {
      throw new SluiceError('cursor_invalid', `A cursor is an offset from -1 on, got ${this.#after}`)
    }
    return this.#open()
  }

  #wait(): Promise<IteratorResult<Batch>> {
    if (!this.#listening && this.#signal !== undefined) {
      this.#listening = true
      this.#signal.addEventListener('abort', this.#onAbort)
    }
    const parked = Promise.withResolvers<IteratorResult<Batch>>()
    this.#parked = parked
    this.#busy = parked.promise
    this.#source?.park(this)
    return parked.promise
  }

  async #load(loading: Promise<Batch>): Promise<IteratorResult<Batch>> {
    try {
      const value = await loading
      if (this.#over || this.#signal?.aborted === true) return await this.return()
      this.#after = lastOffset(value)
      return { value, done: false }
    } catch (thrown) {
      this.#fail(thrown)
      throw SluiceError.from(thrown)
    }
  }

  #hold(turn: Promise<IteratorResult<Batch>>): Promise<IteratorResult<Batch>> {
    this.#busy = turn
    const done = (): void => {
      if (this.#busy === turn) this.#busy = undefined
    }
    turn.then(done, done)
    return turn
  }

  readonly #settle = (result: IteratorResult<Batch>): void => {
    const parked = this.#parked
    if (parked === undefined) return
    this.#parked = undefined
    if (this.#busy === parked.promise) this.#busy = undefined
    parked.resolve(result)
  }

  readonly #fail = (thrown: unknown): void => {
    const parked = this.#parked
    this.#parked = undefined
    parked?.reject(SluiceError.from(thrown))
    this.#finish()
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    if (this.#listening) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#source?.leave(this)
    this.#source = undefined
    this.#settle(END)
  }
}

function lastOffset(batch: Batch): number {
  const last = batch.entries.at(-1)
  if (last === undefined) throw new SluiceError('internal', 'A batch is never empty')
  return last.offset
}

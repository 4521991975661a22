import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import type { Readable } from './reader.ts'
import type { Batch, BatchSink } from './stream-log.ts'
import type { Waiter } from './tail.ts'

/**
 * One reader of one stream that is called instead of awaited: entries go to its sink in the turn in
 * which they become readable, without a promise per batch. It waits only while its sink says so.
 */
export class LogFlow implements Waiter {
  readonly #signal: CancelSignal | undefined
  readonly #sink: BatchSink
  readonly #over = Promise.withResolvers<void>()
  readonly #onAbort = (): void => this.#finish(undefined)
  #source: Readable | undefined
  #after: number
  #isOver = false
  slot = -1

  constructor(after: number, signal: CancelSignal | undefined, sink: BatchSink) {
    this.#after = after
    this.#signal = signal
    this.#sink = sink
  }

  get after(): number {
    return this.#after
  }

  /** Resolves at the stream's end, when the sink wants no more, or when the signal aborts. Rejects as `read` does. */
  run(open: () => Readable): Promise<void> {
    if (this.#signal?.aborted === true) return Promise.resolve()
    this.#signal?.addEventListener('abort', this.#onAbort)
    try {
      this.#source = open()
      this.#step()
    } catch (thrown) {
      this.#finish(thrown)
    }
    return this.#over.promise
  }

  wake({ value }: IteratorYieldResult<Batch>): void {
    // Called by the producer: what goes wrong here is this reader's own affair.
    try {
      if (this.#give(value)) this.#step()
    } catch (thrown) {
      this.#finish(thrown)
    }
  }

  retry(): void {
    try {
      this.#step()
    } catch (thrown) {
      this.#finish(thrown)
    }
  }

  /** Gives out what is there, then waits for more. */
  #step(): void {
    while (!this.#isOver && this.#source !== undefined) {
      const taken = this.#source.take(this.#after)
      if (taken === 'wait') return this.#source.park(this)
      if (taken === 'end') return this.#finish(undefined)
      if (taken instanceof Promise) {
        taken.then((batch) => {
          if (!this.#isOver) this.wake({ value: batch, done: false })
        }, this.#fail)
        return
      }
      if (!this.#give(taken)) return
    }
  }

  /** False: the sink is to be waited for, or wants no more. */
  #give(batch: Batch): boolean {
    this.#after = batch.entries.at(-1)?.offset ?? this.#after
    const more = this.#sink(batch)
    if (more === true) return true
    if (more === false) this.#finish(undefined)
    else more.then((goOn) => (goOn ? this.retry() : this.#finish(undefined)), this.#fail)
    return false
  }

  readonly #fail = (thrown: unknown): void => this.#finish(thrown)

  #finish(thrown: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#source?.leave(this)
    this.#source = undefined
    if (thrown === undefined) this.#over.resolve()
    else this.#over.reject(SluiceError.from(thrown))
  }
}

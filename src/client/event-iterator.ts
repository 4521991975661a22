import type { SseEvent } from '../sse/event.ts'
import { END } from './chunk-reader.ts'
import { APIUserAbortError } from './errors.ts'
import type { EventSource } from './event-source.ts'
import { Later } from './later.ts'

/** How the reading of a stream ended. */
export interface Ending {
  /** `left`: the reader went away; `aborted`: the caller ended the stream. */
  readonly how: 'complete' | 'failed' | 'left' | 'aborted'
  readonly error?: unknown
}

/**
 * Items of a stream one by one, as `for await` wants them. What arrived together is given without waiting:
 * written out, because an async generator costs each item several times as much.
 */
export class EventIterator<T> implements AsyncIterableIterator<T> {
  readonly #source: EventSource
  readonly #take: (event: SseEvent) => T | typeof END | Later | undefined
  readonly #onEnd: (ending: Ending) => void
  readonly #abortIsError: boolean
  #batch: readonly SseEvent[] = []
  #at = 0
  #isEnded = false
  #pending: Promise<IteratorResult<T>> | undefined = undefined

  /**
   * `take` makes an item of an event; `undefined` gives none. `onEnd` is called once. An abort ends the
   * items, as with OpenAI's SDK, where whoever aborts knows it; with `abortIsError` it is told.
   */
  constructor(
    source: EventSource,
    take: (event: SseEvent) => T | typeof END | Later | undefined,
    onEnd: (ending: Ending) => void,
    abortIsError: boolean = false,
  ) {
    this.#source = source
    this.#take = take
    this.#onEnd = onEnd
    this.#abortIsError = abortIsError
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#pending !== undefined) return this.#pending.then(() => this.next())
    try {
      const item = this.#fromBatch()
      if (item instanceof Later) this.#pending = this.#refill(item)
      else if (item !== undefined) return Promise.resolve(item)
    } catch (error) {
      return Promise.reject(this.#fail(error))
    }
    return (this.#pending ??= this.#refill(undefined))
  }

  async return(): Promise<IteratorResult<T>> {
    if (!this.#isEnded) {
      this.#end({ how: 'left' })
      this.#source.abandon()
    }
    return DONE
  }

  async throw(error: unknown): Promise<IteratorResult<T>> {
    await this.return()
    throw error
  }

  #fromBatch(): IteratorResult<T> | Later | undefined {
    if (this.#isEnded) return DONE
    while (this.#at < this.#batch.length) {
      const event = this.#batch[this.#at++]
      const item = event === undefined ? undefined : this.#take(event)
      if (item instanceof Later) {
        this.#at--
        return item
      }
      if (item === END) {
        this.#end({ how: 'complete' })
        this.#source.close()
        return DONE
      }
      if (item !== undefined) return { done: false, value: item }
    }
    return undefined
  }

  async #refill(first: Later | undefined): Promise<IteratorResult<T>> {
    let later = first
    try {
      for (;;) {
        if (later !== undefined) await later.ready()
        else if (!(await this.#read())) {
          this.#end({ how: 'complete' })
          this.#pending = undefined
          return DONE
        }
        const item = this.#fromBatch()
        later = item instanceof Later ? item : undefined
        if (item === undefined || item instanceof Later) continue
        this.#pending = undefined
        return item
      }
    } catch (error) {
      this.#pending = undefined
      if (!(error instanceof APIUserAbortError)) throw this.#fail(error)
      this.#end({ how: 'aborted', error })
      if (this.#abortIsError) throw error
      return DONE
    }
  }

  async #read(): Promise<boolean> {
    const batch = await this.#source.read()
    this.#batch = batch ?? []
    this.#at = 0
    return batch !== undefined
  }

  #fail(error: unknown): unknown {
    this.#end({ how: 'failed', error })
    this.#source.close()
    return error
  }

  #end(ending: Ending): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#batch = []
    this.#onEnd(ending)
  }
}

const DONE: { readonly done: true; readonly value: undefined } = { done: true, value: undefined }

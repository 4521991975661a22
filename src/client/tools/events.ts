import { APIUserAbortError, OpenAIError } from '../errors.ts'

/**
 * Events that are read once, by one reader, and an end that anybody may wait for: `final()` reads them
 * itself when nobody does. Leaving the loop, or `abort()`, aborts everything that is running.
 */
export class EventRun<Event, Final> implements AsyncIterable<Event> {
  readonly #controller = new AbortController()
  readonly #events: AsyncGenerator<Event, Final, undefined>
  readonly #unlink: () => void
  readonly #final = Promise.withResolvers<Final>()
  #isRead = false
  #isOver = false

  /** `start` is not called before the events are read. */
  constructor(
    start: (signal: AbortSignal) => AsyncGenerator<Event, Final, undefined>,
    signal: AbortSignal | undefined,
  ) {
    // Whoever only reads the events learns of a failure there.
    this.#final.promise.catch(() => undefined)
    const abort = (): void => this.abort(signal?.reason)
    this.#unlink = () => signal?.removeEventListener('abort', abort)
    this.#events = start(this.#controller.signal)
    if (signal?.aborted === true) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  }

  /** Ends the run; who waits for it gets an `APIUserAbortError`. */
  abort(reason?: unknown): void {
    this.#unlink()
    this.#controller.abort(reason)
  }

  /** What the run came to. */
  async final(): Promise<Final> {
    if (!this.#isRead) {
      // Reading is what makes it go on; there is nothing to do with the events.
      const events = this[Symbol.asyncIterator]()
      while ((await events.next()).done !== true);
    }
    return this.#final.promise
  }

  /** @throws OpenAIError when the events are read already. */
  [Symbol.asyncIterator](): AsyncIterator<Event, void, undefined> {
    if (this.#isRead) throw new OpenAIError('The events of a run can be read once')
    this.#isRead = true
    return {
      next: () => this.#next(),
      return: async () => {
        await this.#leave()
        return END
      },
    }
  }

  async #next(): Promise<IteratorResult<Event, void>> {
    if (this.#isOver) return END
    try {
      if (this.#controller.signal.aborted) throw await this.#stopped()
      const next = await this.#events.next()
      if (next.done !== true) return next
      this.#end()
      this.#final.resolve(next.value)
      return END
    } catch (error) {
      // The reader has left while this was waiting.
      if (this.#isOver) return END
      this.#end()
      this.#final.reject(error)
      throw error
    }
  }

  async #leave(): Promise<void> {
    if (this.#isOver) return
    this.#end()
    this.#controller.abort()
    this.#final.reject(await this.#stopped())
  }

  /** Closes what the events come from, wherever that stands. */
  async #stopped(): Promise<APIUserAbortError> {
    const error = Object.assign(new APIUserAbortError(), { cause: this.#controller.signal.reason })
    await this.#events.throw(error).catch(() => undefined)
    return error
  }

  #end(): void {
    this.#isOver = true
    this.#unlink()
  }
}

const END: IteratorReturnResult<void> = { done: true, value: undefined }

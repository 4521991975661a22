/** Lets a producer of bytes be held back. */
export interface Faucet {
  pause(): void
  resume(): void
}

/**
 * Between a socket that pushes and a reader that pulls: everything that arrived since the last pull
 * is one batch. Holds the socket back above `limit` bytes.
 */
export class ByteQueue
  implements AsyncIterable<readonly Uint8Array[]>, AsyncIterator<readonly Uint8Array[], undefined>
{
  readonly #limit: number
  #faucet: Faucet | undefined
  #held = false
  #waiting: Uint8Array[] = []
  #bytes = 0
  #end: { readonly error: unknown } | undefined
  #pull: PromiseWithResolvers<IteratorResult<readonly Uint8Array[], undefined>> | undefined
  #onReturn: (() => void) | undefined

  /** `onReturn` is called when the reader stops before the end. */
  constructor(options: { readonly limit?: number; readonly onReturn?: () => void } = {}) {
    this.#limit = options.limit ?? 1 << 20
    this.#onReturn = options.onReturn
  }

  /** Where to hold back what is pushed. */
  attach(faucet: Faucet): void {
    this.#faucet = faucet
  }

  push(bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    const pull = this.#pull
    if (pull !== undefined) {
      this.#pull = undefined
      pull.resolve({ done: false, value: [bytes] })
      return
    }
    this.#waiting.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes > this.#limit && !this.#held) {
      this.#held = true
      this.#faucet?.pause()
    }
  }

  /** No more bytes come: all of them did, or `error` is why not. What was pushed before is still given out. */
  finish(error?: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    const pull = this.#pull
    this.#pull = undefined
    if (pull === undefined) return
    if (error === undefined) pull.resolve({ done: true, value: undefined })
    else pull.reject(error)
  }

  next(): Promise<IteratorResult<readonly Uint8Array[], undefined>> {
    if (this.#waiting.length > 0) {
      const value = this.#waiting
      this.#waiting = []
      this.#bytes = 0
      if (this.#held) {
        this.#held = false
        this.#faucet?.resume()
      }
      return Promise.resolve({ done: false, value })
    }
    if (this.#end !== undefined) {
      if (this.#end.error !== undefined) return Promise.reject(this.#end.error)
      return Promise.resolve({ done: true, value: undefined })
    }
    this.#pull = Promise.withResolvers()
    return this.#pull.promise
  }

  return(): Promise<IteratorResult<readonly Uint8Array[], undefined>> {
    this.#waiting = []
    this.#end ??= { error: undefined }
    this.#onReturn?.()
    this.#onReturn = undefined
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

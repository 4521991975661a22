/** Who brings bytes to a queue, and is told what becomes of them. */
export interface Faucet {
  /** There are too many of them. */
  pause(): void
  resume(): void
  /** The reader stopped before the end. Called at most once. */
  left(): void
}

/** Takes what arrived together; its bytes are another read's after the call. False: nothing more is wanted. */
export type ByteSink = (part: Uint8Array) => boolean

type Next = IteratorResult<readonly Uint8Array[], undefined>

const LIMIT = 1 << 20

/** Never written to. */
const NONE: Uint8Array[] = []

/**
 * Between a connection that pushes and whoever takes. Read as an iterator, everything that arrived since the last
 * pull is one batch of copies, and the connection is held back above `limit` bytes. Flowing, what is pushed goes
 * to the sink in the same call, without a copy or a promise.
 */
export class ByteQueue
  implements AsyncIterable<readonly Uint8Array[]>, AsyncIterator<readonly Uint8Array[], undefined>
{
  readonly #faucet: Faucet
  readonly #limit: number
  #held = false
  #waiting = NONE
  #bytes = 0
  #end: { readonly error: unknown } | undefined
  #pull: PromiseWithResolvers<Next> | undefined
  #sink: ByteSink | undefined
  #flowed: PromiseWithResolvers<void> | undefined

  constructor(faucet: Faucet, limit: number = LIMIT) {
    this.#faucet = faucet
    this.#limit = limit
  }

  /** The bytes may be used again after the call. */
  push(bytes: Uint8Array): void {
    if (this.#end !== undefined) return
    if (this.#sink !== undefined) return this.#pour(this.#sink, bytes)
    // Not `slice`: a Buffer's would be a view.
    const copy = new Uint8Array(bytes)
    const pull = this.#pull
    if (pull !== undefined) {
      this.#pull = undefined
      pull.resolve({ done: false, value: [copy] })
      return
    }
    if (this.#waiting === NONE) this.#waiting = [copy]
    else this.#waiting.push(copy)
    this.#bytes += copy.length
    if (this.#bytes > this.#limit && !this.#held) {
      this.#held = true
      this.#faucet.pause()
    }
  }

  /** No more bytes come: all of them did, or `error` is why not. What was pushed before is still given out. */
  finish(error?: unknown): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    if (this.#sink !== undefined) return this.#overflow()
    const pull = this.#pull
    this.#pull = undefined
    if (pull === undefined) return
    if (error === undefined) pull.resolve({ done: true, value: undefined })
    else pull.reject(error)
  }

  /**
   * From now on everything goes to `sink`. Resolves at the end of the bytes, or when the sink wants no
   * more; rejects with what the bytes ended with, or with what the sink threw.
   */
  flow(sink: ByteSink): Promise<void> {
    const flowed = Promise.withResolvers<void>()
    this.#flowed = flowed
    this.#sink = sink
    const waiting = this.#waiting
    this.#waiting = NONE
    for (const part of waiting) this.#pour(sink, part)
    this.#letGo()
    if (this.#end !== undefined) this.#overflow()
    return flowed.promise
  }

  next(): Promise<Next> {
    if (this.#waiting.length > 0) {
      const value = this.#waiting
      this.#waiting = NONE
      this.#letGo()
      return Promise.resolve({ done: false, value })
    }
    if (this.#end !== undefined) {
      if (this.#end.error !== undefined) return Promise.reject(this.#end.error)
      return Promise.resolve({ done: true, value: undefined })
    }
    this.#pull = Promise.withResolvers()
    return this.#pull.promise
  }

  return(): Promise<Next> {
    this.#stop()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #pour(sink: ByteSink, bytes: Uint8Array): void {
    const flowed = this.#flowed
    if (flowed === undefined) return
    try {
      if (sink(bytes)) return
      this.#flowed = undefined
      flowed.resolve()
    } catch (error) {
      this.#flowed = undefined
      flowed.reject(error)
    }
    this.#stop()
  }

  /** All that came has gone to the sink. */
  #overflow(): void {
    const flowed = this.#flowed
    this.#flowed = undefined
    if (flowed === undefined) return
    if (this.#end?.error === undefined) flowed.resolve()
    else flowed.reject(this.#end.error)
  }

  #letGo(): void {
    this.#bytes = 0
    if (!this.#held) return
    this.#held = false
    this.#faucet.resume()
  }

  #stop(): void {
    const hasLeft = this.#end === undefined
    this.#waiting = NONE
    this.#end ??= { error: undefined }
    if (hasLeft) this.#faucet.left()
  }
}

/** Everything of `bytes` into `sink`; as `ByteQueue.flow`, for any source. */
export function flow(bytes: AsyncIterable<readonly Uint8Array[]>, sink: ByteSink): Promise<void> {
  return bytes instanceof ByteQueue ? bytes.flow(sink) : drip(bytes, sink)
}

async function drip(bytes: AsyncIterable<readonly Uint8Array[]>, sink: ByteSink): Promise<void> {
  for await (const parts of bytes) if (!parts.every((part) => sink(part))) return
}

/** Lets a producer of bytes be held back. */
export interface Faucet {
  pause(): void
  resume(): void
}

/** Takes a part of what arrived together; `isLast`: the last part of it. False: nothing more is wanted. */
export type ByteSink = (part: Uint8Array, isLast: boolean) => boolean

const NOW: Promise<void> = Promise.resolve()

/** A turn that brought a single part needs no list of further ones. */
const NONE: readonly Uint8Array[] = []

type Next = IteratorResult<readonly Uint8Array[], undefined>

/**
 * Between a socket that pushes and whoever takes. Read as an iterator, everything that arrived since
 * the last pull is one batch, and the socket is held back above `limit` bytes. Flowing, everything that
 * arrived in one turn of the event loop goes to the sink at once, without a promise per read.
 */
export class ByteQueue
  implements AsyncIterable<readonly Uint8Array[]>, AsyncIterator<readonly Uint8Array[], undefined>
{
  readonly #limit: number
  #faucet: Faucet | undefined
  #held = false
  #waiting: Uint8Array[] = []
  /** Flowing: the first part of this turn; `#waiting` has the others. */
  #part: Uint8Array | undefined
  #bytes = 0
  #end: { readonly error: unknown } | undefined
  #pull: PromiseWithResolvers<Next> | undefined
  #onReturn: (() => void) | undefined
  #sink: ByteSink | undefined
  #flowed: PromiseWithResolvers<void> | undefined
  #isScheduled = false

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
    if (this.#sink !== undefined) return this.#gather(bytes)
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
    if (this.#sink !== undefined) return this.#schedule()
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
    this.#sink = sink
    this.#part = this.#waiting.shift()
    this.#flowed = Promise.withResolvers()
    this.#letGo()
    this.#schedule()
    return this.#flowed.promise
  }

  next(): Promise<Next> {
    if (this.#waiting.length > 0) {
      const value = this.#waiting
      this.#waiting = []
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

  /** A list for every part would be garbage that may outlive it: V8 makes lists of a busy place old from the start. */
  #gather(bytes: Uint8Array): void {
    if (this.#part === undefined) this.#part = bytes
    else this.#waiting.push(bytes)
    this.#schedule()
  }

  /** What is pushed in this turn goes out together: a read may bring twenty HTTP chunks. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // `queueMicrotask` makes an asynchronous resource and needs a closure each time; this costs half of it.
    void NOW.then(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isScheduled = false
    const flowed = this.#flowed
    if (flowed === undefined) return
    try {
      if (!this.#pour()) {
        this.#flowed = undefined
        this.#stop()
        return flowed.resolve()
      }
    } catch (error) {
      this.#flowed = undefined
      this.#stop()
      return flowed.reject(error)
    }
    if (this.#end === undefined) return
    this.#flowed = undefined
    if (this.#end.error === undefined) flowed.resolve()
    else flowed.reject(this.#end.error)
  }

  #pour(): boolean {
    const sink = this.#sink
    const part = this.#part
    if (sink === undefined || part === undefined) return true
    const others = this.#waiting.length === 0 ? NONE : this.#waiting
    if (others !== NONE) this.#waiting = []
    this.#part = undefined
    const last = others.length - 1
    if (!sink(part, last === -1)) return false
    return others.every((other, at) => sink(other, at === last))
  }

  #letGo(): void {
    this.#bytes = 0
    if (!this.#held) return
    this.#held = false
    this.#faucet?.resume()
  }

  #stop(): void {
    this.#waiting = []
    this.#part = undefined
    this.#end ??= { error: undefined }
    this.#onReturn?.()
    this.#onReturn = undefined
  }
}

/** Everything of `bytes` into `sink`; as `ByteQueue.flow`, for any source. */
export function flow(bytes: AsyncIterable<readonly Uint8Array[]>, sink: ByteSink): Promise<void> {
  return bytes instanceof ByteQueue ? bytes.flow(sink) : drip(bytes, sink)
}

async function drip(bytes: AsyncIterable<readonly Uint8Array[]>, sink: ByteSink): Promise<void> {
  for await (const parts of bytes) if (!parts.every((part, at) => sink(part, at === parts.length - 1))) return
}

import { Worker } from 'node:worker_threads'
import type { CountTokens } from '../gateway/usage.ts'

/** What a counter may take. */
export interface CountLimits {
  /** Characters that wait to be counted; beyond, nothing is taken. */
  readonly queue: number
  /** Milliseconds for one request; the tokenizer's own start not among them. */
  readonly time: number
  /** Milliseconds without work after which the thread is given up: it holds 60 MB. */
  readonly idle: number
}

const LIMITS: CountLimits = { queue: 8 * 1024 * 1024, time: 5_000, idle: 60_000 }

/** A counter of tokens, and its end. */
export interface TokenCounter {
  readonly count: CountTokens
  /** Whether its thread is running now. */
  readonly isRunning: boolean
  close(): Promise<void>
}

interface Job {
  readonly texts: readonly string[]
  readonly size: number
  readonly done: (counts: readonly number[] | undefined) => void
}

/**
 * Counts tokens with a tokenizer (o200k, which OpenAI's models use; of others it is an estimate), in a thread of
 * its own that starts with the first need. What does not get its turn in time is `undefined`, and the thread is
 * ended: a tokenizer can need minutes for a text made to that end.
 */
export function createTokenCounter(limits: CountLimits = LIMITS): TokenCounter {
  const counter = new Counter(limits)
  return {
    count: (texts) => counter.count(texts),
    get isRunning() {
      return counter.isRunning
    },
    close: () => counter.close(),
  }
}

class Counter {
  readonly #limits: CountLimits
  readonly #queue: Job[] = []
  #queued = 0
  #worker: Worker | undefined
  #isReady = false
  #current: Job | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(limits: CountLimits) {
    this.#limits = limits
  }

  get isRunning(): boolean {
    return this.#worker !== undefined
  }

  count(texts: readonly string[]): Promise<readonly number[] | undefined> {
    const size = texts.reduce((sum, text) => sum + text.length, 0)
    if (this.#isClosed || this.#queued + size > this.#limits.queue) return Promise.resolve(undefined)
    this.#queued += size
    return new Promise((done) => {
      this.#queue.push({ texts, size, done })
      this.#next()
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker
    this.#drop()
    for (const job of this.#queue.splice(0)) job.done(undefined)
    await worker?.terminate()
  }

  #next(): void {
    if (this.#current !== undefined) return
    const worker = (this.#worker ??= this.#start())
    const job = this.#isReady ? this.#queue.shift() : undefined
    if (job === undefined) return
    this.#current = job
    clearTimeout(this.#timer)
    // Twice its own limit: it stops by itself unless it is stuck in a single piece.
    this.#timer = setTimeout(() => this.#drop(), this.#limits.time * 2).unref()
    worker.postMessage({ texts: job.texts, time: this.#limits.time }, [])
  }

  #start(): Worker {
    const name = `./count-tokens-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`
    const worker = new Worker(new URL(name, import.meta.url), { resourceLimits: { maxOldGenerationSizeMb: 256 } })
    // It must not keep the process alive.
    worker.unref()
    worker.on('message', (counts: unknown) => {
      if (worker !== this.#worker) return
      if (this.#isReady) this.#finish(isCounts(counts) ? counts : undefined)
      this.#isReady = true
      this.#next()
    })
    const lost = (): void => {
      if (worker === this.#worker) this.#drop()
    }
    worker.on('error', lost)
    worker.on('exit', lost)
    return worker
  }

  #finish(counts: readonly number[] | undefined): void {
    clearTimeout(this.#timer)
    const job = this.#current
    this.#current = undefined
    if (job === undefined) return
    this.#queued -= job.size
    job.done(counts)
    if (this.#queue.length === 0) this.#timer = setTimeout(() => this.#drop(), this.#limits.idle).unref()
  }

  /** Gives the thread up, and what it was at. What waits gets a new one; if that cannot even start, nothing. */
  #drop(): void {
    const worker = this.#worker
    const wasReady = this.#isReady
    this.#worker = undefined
    this.#isReady = false
    clearTimeout(this.#timer)
    void worker?.terminate()
    this.#finishCurrent()
    if (!wasReady) for (const job of this.#queue.splice(0)) this.#refuse(job)
    if (this.#queue.length > 0 && !this.#isClosed) this.#next()
  }

  #finishCurrent(): void {
    const job = this.#current
    this.#current = undefined
    if (job !== undefined) this.#refuse(job)
  }

  #refuse(job: Job): void {
    this.#queued -= job.size
    job.done(undefined)
  }
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number')
}

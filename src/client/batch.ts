import type { Usage } from '../completion/chunk.ts'
import { isObject } from '../completion/json.ts'
import { estimateRequestTokens } from '../limit/estimate.ts'
import type { RateLimiter } from '../limit/rate-limiter.ts'
import type { Reservation } from '../limit/reservation.ts'
import { APIUserAbortError, OpenAIError } from './errors.ts'

/** What became of one request, as `Promise.allSettled` says it. */
export type BatchResult<Value> = PromiseSettledResult<Value>

/** How far a batch is. */
export interface BatchProgress {
  readonly type: 'started' | 'completed' | 'failed'
  /** Which request, by its place in the batch. */
  readonly index: number
  /** Requests of which it is known what became of them, this one included. */
  readonly finished: number
  readonly failed: number
  readonly total: number
}

/** How a batch is run. */
export interface BatchOptions<Request, Value> {
  /** Makes one request. `signal` aborts when the batch does. */
  run(request: Request, context: { readonly index: number; readonly signal: AbortSignal }): Promise<Value>
  /** Requests at the same time; 8 unless told. */
  readonly concurrency?: number | undefined
  readonly limiter?: Pick<RateLimiter, 'waitAndAcquire' | 'observe'> | undefined
  /** Tokens to reserve for a request; `estimateRequestTokens` unless told. */
  readonly estimate?: ((request: Request) => number) | undefined
  /** The tokens that a request took, to settle its reservation; the result's own `usage` unless told. */
  readonly usage?: ((value: Value) => Pick<Usage, 'total_tokens'> | undefined) | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined
}

/**
 * Makes many requests, some at a time. The results stand in the order of the requests; one that fails
 * does not touch the others. After an abort those that wait are `APIUserAbortError`s, those that run what
 * `run` makes of its signal. Rejects only when `onProgress` or `estimate` throw; what is running is aborted then.
 *
 * @throws OpenAIError for a concurrency below 1.
 * @example
 * const results = await batch(requests, { run: (request, { signal }) => client.chat.completions.create(request, { signal }) })
 */
export async function batch<Request extends object, Value>(
  requests: Iterable<Request>,
  options: BatchOptions<Request, Value>,
): Promise<readonly BatchResult<Value>[]> {
  const { concurrency = 8, signal } = options
  if (!(concurrency >= 1)) throw new OpenAIError(`concurrency must be 1 or more, got ${concurrency}`)
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal?.reason)
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  const run = new Run([...requests], options, controller.signal)
  try {
    const workers = Array.from({ length: Math.min(Math.floor(concurrency), run.total) }, () => run.work())
    await Promise.all(workers)
    return run.results
  } catch (error) {
    controller.abort(error)
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

/** One batch: its workers take the next request as they get free. */
class Run<Request extends object, Value> {
  readonly results: BatchResult<Value>[] = []
  readonly #requests: readonly Request[]
  readonly #options: BatchOptions<Request, Value>
  readonly #signal: AbortSignal
  #next = 0
  #finished = 0
  #failed = 0

  constructor(requests: readonly Request[], options: BatchOptions<Request, Value>, signal: AbortSignal) {
    this.#requests = requests
    this.#options = options
    this.#signal = signal
  }

  get total(): number {
    return this.#requests.length
  }

  async work(): Promise<void> {
    for (let index = this.#next++; index < this.#requests.length; index = this.#next++) {
      const request = this.#requests[index]
      if (request !== undefined) await this.#one(request, index)
    }
  }

  async #one(request: Request, index: number): Promise<void> {
    const tokens = this.#options.limiter === undefined ? 0 : (this.#options.estimate ?? estimateRequestTokens)(request)
    let place: Reservation | undefined
    try {
      if (this.#signal.aborted) throw new APIUserAbortError()
      place = await this.#options.limiter?.waitAndAcquire(tokens, { signal: this.#signal })
    } catch (error) {
      this.#close(index, { status: 'rejected', reason: this.#signal.aborted ? new APIUserAbortError() : error })
      return
    }
    let result: BatchResult<Value>
    try {
      this.#report('started', index)
      result = await this.#try(request, index, place)
    } finally {
      place?.settle()
    }
    this.#close(index, result)
  }

  async #try(request: Request, index: number, place: Reservation | undefined): Promise<BatchResult<Value>> {
    try {
      const value = await this.#options.run(request, { index, signal: this.#signal })
      place?.settle((this.#options.usage ?? usageOf)(value))
      return { status: 'fulfilled', value }
    } catch (reason) {
      const status: unknown = isObject(reason) ? reason['status'] : undefined
      // With a status it was refused before a token was made.
      if (typeof status === 'number') place?.settle(0)
      const headers: unknown = isObject(reason) ? reason['headers'] : undefined
      if (status === 429 && headers instanceof Headers) this.#options.limiter?.observe(headers)
      return { status: 'rejected', reason }
    }
  }

  #close(index: number, result: BatchResult<Value>): void {
    this.results[index] = result
    this.#finished++
    if (result.status === 'rejected') this.#failed++
    this.#report(result.status === 'fulfilled' ? 'completed' : 'failed', index)
  }

  #report(type: BatchProgress['type'], index: number): void {
    this.#options.onProgress?.({ type, index, finished: this.#finished, failed: this.#failed, total: this.total })
  }
}

/** The usage of a completion; `undefined` for a result that has none. */
function usageOf(value: unknown): Pick<Usage, 'total_tokens'> | undefined {
  const usage: unknown = isObject(value) ? value['usage'] : undefined
  const total: unknown = isObject(usage) ? usage['total_tokens'] : undefined
  return typeof total === 'number' ? { total_tokens: total } : undefined
}

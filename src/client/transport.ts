import type { Clock } from '../clock.ts'
import { parseJson } from '../completion/json.ts'
import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError, OpenAIError } from './errors.ts'
import type { Credential } from './credential.ts'
import { retryDelay, shouldRetry } from './retry.ts'

/** What a transport works with. */
export interface TransportSettings {
  readonly baseURL: string
  readonly credential: Credential
  readonly fetch: typeof fetch
  readonly clock: Clock
  /** From 0 to 1, like Math.random. */
  readonly random: () => number
  /** Sent with each request, unless the request says otherwise; null takes a header away. */
  readonly headers: HeaderFields
  readonly query: Readonly<Record<string, string | undefined>>
  /** Handed to `fetch` as they are (`dispatcher`, `credentials`, `cache`). */
  readonly fetchOptions: Readonly<RequestInit> | undefined
}

/** Header fields by name, in any case; null removes one. */
export type HeaderFields = Readonly<Record<string, string | null | undefined>>

/** One request. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Below the base URL, or a whole URL. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>> | undefined
  /** JSON text. */
  readonly body?: string | undefined
  readonly headers?: HeaderFields | undefined
  readonly signal?: AbortSignal | null | undefined
  readonly maxRetries: number
  /** Milliseconds from sending the request to the head of the answer; fetch does not tell connecting apart. */
  readonly headTimeoutMs: number
}

/** An answer whose status is good and whose body has not been read. Whoever has it must call `release`. */
export interface Reply {
  readonly response: Response
  /** Ends the exchange: the body's reader gets an abort error. */
  abort(): void
  /** Lets go of the caller's signal. The body may be read on. */
  release(): void
}

/**
 * Requests by `fetch`: authorised, tried again as OpenAI's SDKs do until the head of an answer is good,
 * and never after. Refused credentials are renewed once per request, which counts as no retry.
 */
export class Transport {
  readonly #settings: TransportSettings

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  /** @throws APIError and its kin, as the answer or the lack of one has it. */
  async send(call: Call): Promise<Reply> {
    let mayRefresh = true
    for (let retry = 0; ; retry++) {
      const attempt = await this.#attempt(call, retry)
      if ('exchange' in attempt) {
        const { exchange, token } = attempt
        const { response } = exchange
        if (response.ok) return exchange
        const text = await response.text().catch(() => '')
        exchange.release()
        if (mayRefresh && this.#settings.credential.refresh(token, response.status, text)) {
          mayRefresh = false
          retry--
          continue
        }
        if (retry >= call.maxRetries || !shouldRetry(response.status, response.headers))
          throw statusError(response, text)
        await this.#wait(response.headers, retry, call.signal)
      } else {
        if (retry >= call.maxRetries || !(attempt.error instanceof APIConnectionError)) throw attempt.error
        await this.#wait(undefined, retry, call.signal)
      }
    }
  }

  async #attempt(
    call: Call,
    retry: number,
  ): Promise<{ readonly exchange: Reply; readonly token: string | undefined } | { readonly error: unknown }> {
    throwIfAborted(call.signal)
    try {
      const token = await this.#settings.credential.token()
      return { exchange: await this.#exchange(call, retry, token), token }
    } catch (error) {
      throwIfAborted(call.signal)
      return { error: error instanceof OpenAIError ? error : connectionError(error) }
    }
  }

  async #exchange(call: Call, retry: number, token: string | undefined): Promise<Reply> {
    const { clock, fetchOptions } = this.#settings
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    const { signal } = call
    let late = false
    const stop = clock.after(call.headTimeoutMs, () => {
      late = true
      controller.abort()
    })
    signal?.addEventListener('abort', abort, { once: true })
    // A signal that aborted while the token was fetched fires no event.
    if (signal?.aborted) controller.abort()
    const release = (): void => signal?.removeEventListener('abort', abort)
    try {
      const init: RequestInit = {
        ...fetchOptions,
        method: call.method,
        headers: this.#headers(call, retry, token),
        signal: controller.signal,
      }
      if (call.body !== undefined) init.body = call.body
      // Called as a plain function: browsers refuse a fetch with another `this`.
      const { fetch } = this.#settings
      const response = await fetch(this.#url(call), init)
      return { response, abort, release }
    } catch (error) {
      release()
      if (late) throw new APIConnectionTimeoutError()
      throw error
    } finally {
      stop()
    }
  }

  async #wait(headers: Headers | undefined, retry: number, signal: AbortSignal | null | undefined): Promise<void> {
    const { clock, random } = this.#settings
    await sleep(clock, retryDelay(headers, retry, random(), clock.date()), signal)
    throwIfAborted(signal)
  }

  #url(call: Call): string {
    const { baseURL } = this.#settings
    const whole = /^https?:/.test(call.path) ? call.path : baseURL.replace(/\?.*$/, '') + call.path
    const query = new URLSearchParams(baseURL.split('?')[1] ?? '')
    for (const [name, value] of Object.entries({ ...this.#settings.query, ...call.query })) {
      if (value === undefined) query.delete(name)
      else query.set(name, value)
    }
    const text = query.toString()
    return text === '' ? whole : `${whole}${whole.includes('?') ? '&' : '?'}${text}`
  }

  #headers(call: Call, retry: number, token: string | undefined): Record<string, string> {
    const fields: Record<string, string> = {}
    const own: HeaderFields = {
      accept: 'application/json',
      'content-type': call.body === undefined ? null : 'application/json',
      authorization: token === undefined ? null : `Bearer ${token}`,
      'x-stainless-retry-count': String(retry),
    }
    for (const some of [own, this.#settings.headers, call.headers ?? {}]) {
      for (const [name, value] of Object.entries(some)) {
        if (value === null) delete fields[name.toLowerCase()]
        else if (value !== undefined) fields[name.toLowerCase()] = value
      }
    }
    return fields
  }
}

/** Resolves after `ms`, or as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      stop()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const stop = clock.after(ms, wake)
    signal?.addEventListener('abort', wake)
    if (signal?.aborted) wake()
  })
}

/** The error for the caller's own abort. */
export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  if (!signal?.aborted) return
  const error = new APIUserAbortError()
  error.cause = signal.reason
  throw error
}

/** What the runtime threw, as an error of ours. Runtimes tell a timeout only by their words. */
function connectionError(error: unknown): APIConnectionError {
  const cause = error instanceof Error ? error.cause : undefined
  if (/timed? ?out/i.test(`${String(error)} ${String(cause)}`)) return new APIConnectionTimeoutError()
  return new APIConnectionError({ cause: error })
}

function statusError(response: Response, text: string): APIError {
  const json = parseJson(text)
  return APIError.generate(response.status, json, json === undefined ? text : undefined, response.headers)
}

import type { Clock } from '../clock.ts'
import { isObject, parseJson, said } from '../completion/json.ts'
import { SluiceError } from '../errors.ts'
import type { Credential } from './provider.ts'

/** The part of `fetch` that is used here. */
export type TokenFetch = (url: string, init: RequestInit) => Promise<Response>

/** How a key pair becomes a token. */
export interface IamOptions {
  readonly keyId: string
  readonly secret: string
  /** Where tokens are given out. */
  readonly tokenUrl: string
  /** The provider's name, for errors. */
  readonly provider: string
  readonly fetch: TokenFetch
  readonly clock: Clock
  /** How long an exchange may take, from the request to the last byte of its answer, in milliseconds; 30 s unless told. */
  readonly timeoutMs?: number | undefined
}

/** A token this near to its end is not used any more, in milliseconds. */
const MARGIN_MS = 30_000
const TIMEOUT_MS = 30_000
/** What holds when the service does not say how long a token lives, in seconds. */
const DEFAULT_LIFETIME_S = 3_600
/** The longest lifetime that is believed, in seconds. */
const LONGEST_LIFETIME_S = 30 * 86_400
/** How long a refused key pair is not shown to the service again, in milliseconds: accounts get locked that way. */
const REFUSED_MS = 5_000
/** Bytes of an answer. A token has two or three kilobytes. */
const MAX_ANSWER = 64 * 1024
/** How some endpoints word a 403 that is really an outdated token. */
const EXPIRED = /(?:jwt|token)(?: is|:| has)? expired|expired (?:jwt|token)/i

type Fields = Readonly<Record<string, string>>

/**
 * A key pair that is exchanged for a token which expires (Evolution, cloud.ru): `POST {"keyId","secret"}`
 * gives `{"access_token","expires_in"}`. One exchange at a time, however many requests wait for it; a new
 * one 30 seconds before the token ends, or when the service calls the token outdated.
 *
 * `headers` throws `provider_auth` (the pair was refused), `upstream_connect_failed`,
 * `upstream_head_timeout`, `provider_unavailable`, or `provider_bad_response` (no token in the answer). No
 * message holds anything of the secret, the token, or what the token service said: it may repeat either.
 *
 * @example
 * iamCredential({ keyId, secret, tokenUrl, provider: 'evolution', fetch, clock: systemClock })
 */
export function iamCredential(options: IamOptions): Credential {
  return new IamCredential(options)
}

class IamCredential implements Credential {
  readonly #options: IamOptions
  #fields: Fields | undefined
  #goodUntil = 0
  #flight: Promise<Fields> | undefined
  #refusal: { readonly error: SluiceError; readonly until: number } | undefined

  constructor(options: IamOptions) {
    this.#options = options
  }

  headers(): Fields | Promise<Fields> {
    const now = this.#options.clock.now()
    if (this.#fields !== undefined && now < this.#goodUntil) return this.#fields
    if (this.#refusal !== undefined && now < this.#refusal.until) return Promise.reject(this.#refusal.error)
    this.#flight ??= this.#exchange().finally(() => (this.#flight = undefined))
    return this.#flight
  }

  invalidate(): void {
    this.#fields = undefined
  }

  refused(fields: Fields, _retryAfterMs: number | undefined, isLimit: boolean): void {
    // Another request may have fetched a newer one meanwhile.
    if (!isLimit && this.#fields === fields) this.invalidate()
  }

  isOutdated(_fields: Fields, status: number, message: string): boolean {
    return status === 401 || (status === 403 && EXPIRED.test(message))
  }

  // A pair has one token at a time: whether a refused one is worth a second try is `isOutdated`'s to say.
  hasSpare(): boolean {
    return false
  }

  async #exchange(): Promise<Fields> {
    const { clock, provider } = this.#options
    const startedAt = clock.now()
    const { status, text } = await this.#post()
    if (status < 200 || status > 299) throw this.#refuse(status)
    const json = parseJson(text)
    const token = isObject(json) ? said(json['access_token']) : undefined
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
      const what = /^\s*</.test(text)
        ? 'HTML'
        : json === undefined
          ? 'something that is not JSON'
          : 'JSON without a token'
      throw new SluiceError('provider_bad_response', `${provider}: the token service answered with ${what}`, {
        provider,
      })
    }
    const fields = { authorization: `Bearer ${token}` }
    this.#fields = fields
    this.#refusal = undefined
    this.#goodUntil = startedAt + lifetimeOf(json) * 1_000 - MARGIN_MS
    return fields
  }

  #refuse(status: number): SluiceError {
    const { clock, provider } = this.#options
    if (status === 401 || status === 403) {
      const message = `${provider}: the token service refused the key id and secret (HTTP ${status})`
      const error = new SluiceError('provider_auth', message, { provider })
      this.#refusal = { error, until: clock.now() + REFUSED_MS }
      return error
    }
    const message = `${provider}: the token service answered with HTTP ${status}`
    return new SluiceError(
      status >= 500 || status === 429 ? 'provider_unavailable' : 'provider_bad_response',
      message,
      {
        provider,
      },
    )
  }

  async #post(): Promise<{ readonly status: number; readonly text: string }> {
    const { tokenUrl, keyId, secret, clock, provider, timeoutMs = TIMEOUT_MS } = this.#options
    const controller = new AbortController()
    const stop = clock.after(timeoutMs, () => controller.abort())
    try {
      const response = await this.#options.fetch(tokenUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ keyId, secret }),
        signal: controller.signal,
        // The pair is for this address only.
        redirect: 'error',
      })
      return { status: response.status, text: await readUpTo(response, MAX_ANSWER) }
    } catch {
      // No cause: a network error's text is not ours to vouch for.
      throw controller.signal.aborted
        ? new SluiceError(
            'upstream_head_timeout',
            `${provider}: the token service did not answer within ${timeoutMs} ms`,
            {
              provider,
            },
          )
        : new SluiceError('upstream_connect_failed', `${provider}: the token service cannot be reached`, { provider })
    } finally {
      stop()
    }
  }
}

/** In seconds. One that is missing or no number is an hour. */
function lifetimeOf(json: unknown): number {
  const given = isObject(json) ? Number(json['expires_in'] ?? DEFAULT_LIFETIME_S) : Number.NaN
  return given > 0 ? Math.min(given, LONGEST_LIFETIME_S) : DEFAULT_LIFETIME_S
}

/** What is beyond the limit is not read: it can be no token. */
async function readUpTo(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const bytes of response.body ?? []) {
    length += bytes.length
    if (length > limit) return ''
    text += decoder.decode(bytes, { stream: true })
  }
  return text + decoder.decode()
}

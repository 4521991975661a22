import type { Clock } from '../clock.ts'
import { isObject, parseJson, said } from '../completion/json.ts'
import { APIConnectionError, APIConnectionTimeoutError, APIError, OpenAIError } from './errors.ts'
import type { Credential } from './credential.ts'

/** How a key pair becomes a token. */
export interface TokenExchangeOptions {
  readonly keyId: string
  readonly secret: string
  /** Evolution's own address unless told. */
  readonly tokenURL?: string | undefined
  readonly fetch: typeof fetch
  readonly clock: Clock
}

const TOKEN_URL = 'https://iam.api.cloud.ru/api/v1/auth/token'
/** A token this near to its end is not used any more. */
const MARGIN_MS = 30_000
const EXCHANGE_TIMEOUT_MS = 30_000
const DEFAULT_LIFETIME_S = 3_600
/** 403 is also what some endpoints answer to a token that has expired. */
const EXPIRED = /(?:jwt|token)(?: is|:)? expired|expired (?:jwt|token)/i

/**
 * Evolution's (cloud.ru) credential: a key pair, exchanged for a token that lives about an hour. One
 * exchange at a time, however many requests wait for it; renewed 30 seconds before the token ends, and
 * when the service refuses it (401, or 403 that speaks of expiry).
 *
 * @throws AuthenticationError, PermissionDeniedError or another APIError when the exchange is refused,
 * APIConnectionError when the token service cannot be reached, OpenAIError when it answers nonsense.
 */
export class TokenExchange implements Credential {
  readonly #options: TokenExchangeOptions
  #token: string | undefined = undefined
  #goodUntil = 0
  #flight: Promise<string> | undefined = undefined

  constructor(options: TokenExchangeOptions) {
    this.#options = options
  }

  async token(): Promise<string> {
    if (this.#token !== undefined && this.#options.clock.now() < this.#goodUntil) return this.#token
    this.#flight ??= this.#exchange().finally(() => (this.#flight = undefined))
    return this.#flight
  }

  refresh(token: string | undefined, status: number, body: string): boolean {
    if (status !== 401 && !(status === 403 && EXPIRED.test(body))) return false
    // Another request may have renewed it already.
    if (this.#token === token) this.#token = undefined
    return true
  }

  async #exchange(): Promise<string> {
    const { keyId, secret, clock } = this.#options
    const startedAt = clock.now()
    const { response, text } = await this.#post(JSON.stringify({ keyId, secret }))
    const json = parseJson(text)
    if (!response.ok)
      throw APIError.generate(response.status, json, json === undefined ? text : undefined, response.headers)
    const token = isObject(json) ? said(json['access_token']) : undefined
    if (token === undefined) throw new OpenAIError('The token service answered without an `access_token`.')
    const lifetime = Number(isObject(json) ? (json['expires_in'] ?? DEFAULT_LIFETIME_S) : 0) || DEFAULT_LIFETIME_S
    this.#token = token
    this.#goodUntil = startedAt + lifetime * 1_000 - MARGIN_MS
    return token
  }

  async #post(body: string): Promise<{ readonly response: Response; readonly text: string }> {
    const { tokenURL, clock } = this.#options
    const controller = new AbortController()
    const stop = clock.after(EXCHANGE_TIMEOUT_MS, () => controller.abort())
    try {
      const response = await this.#options.fetch(tokenURL ?? TOKEN_URL, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: controller.signal,
      })
      return { response, text: await response.text() }
    } catch (cause) {
      if (controller.signal.aborted)
        throw new APIConnectionTimeoutError({ message: 'The token service did not answer in time.' })
      throw new APIConnectionError({ message: 'The token service cannot be reached.', cause })
    } finally {
      stop()
    }
  }
}

/**
 * One family of errors. A code says what happened, facts say where and how much, and the catalogue
 * below is the only place that maps a code to an HTTP status and OpenAI error type.
 */

/** Everything that can go wrong, by name: a closed set. */
export type ErrorCode =
  // The caller's request
  | 'invalid_json'
  | 'invalid_utf8'
  | 'invalid_value'
  | 'body_too_deep'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'bad_http'
  | 'host_not_allowed'
  | 'invalid_api_key'
  | 'permission_denied'
  | 'model_not_found'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'idempotency_mismatch'
  | 'rate_limit_exceeded'
  | 'insufficient_quota'
  | 'cancelled'
  // Streams and cursors
  | 'stream_not_found'
  | 'cursor_invalid'
  | 'cursor_expired'
  | 'reader_too_slow'
  | 'producer_lost'
  | 'log_damaged'
  | 'log_unavailable'
  // The live exchange with a provider
  | 'upstream_connect_failed'
  | 'upstream_connect_timeout'
  | 'upstream_head_timeout'
  | 'upstream_first_token_timeout'
  | 'upstream_between_tokens_timeout'
  | 'upstream_total_timeout'
  | 'upstream_too_slow'
  | 'upstream_reset'
  | 'upstream_interrupted'
  | 'upstream_malformed'
  | 'upstream_too_large'
  // What the provider said
  | 'provider_auth'
  | 'provider_rejected'
  | 'provider_rate_limited'
  | 'provider_unavailable'
  | 'provider_error'
  | 'provider_bad_response'
  // Ourselves
  | 'shutting_down'
  | 'overloaded'
  | 'config_invalid'
  | 'internal'

/** How each code is answered: HTTP status, OpenAI `type`. */
const CATALOGUE: Readonly<Record<ErrorCode, readonly [status: number, type: string]>> = {
  // The caller's request
  invalid_json: [400, 'invalid_request_error'],
  invalid_utf8: [400, 'invalid_request_error'],
  invalid_value: [400, 'invalid_request_error'],
  body_too_deep: [400, 'invalid_request_error'],
  body_too_large: [413, 'invalid_request_error'],
  unsupported_media_type: [415, 'invalid_request_error'],
  bad_http: [400, 'invalid_request_error'],
  host_not_allowed: [403, 'permission_error'],
  invalid_api_key: [401, 'authentication_error'],
  permission_denied: [403, 'permission_error'],
  model_not_found: [404, 'invalid_request_error'],
  route_not_found: [404, 'invalid_request_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  conflict: [409, 'invalid_request_error'],
  idempotency_mismatch: [422, 'invalid_request_error'],
  rate_limit_exceeded: [429, 'rate_limit_error'],
  insufficient_quota: [429, 'insufficient_quota'],
  cancelled: [499, 'cancelled'],
  // Streams and cursors
  stream_not_found: [404, 'invalid_request_error'],
  cursor_invalid: [400, 'invalid_request_error'],
  cursor_expired: [410, 'invalid_request_error'],
  reader_too_slow: [503, 'server_error'],
  producer_lost: [502, 'server_error'],
  log_damaged: [500, 'server_error'],
  log_unavailable: [503, 'server_error'],
  // The live exchange with a provider
  upstream_connect_failed: [502, 'upstream_error'],
  upstream_connect_timeout: [504, 'upstream_timeout'],
  upstream_head_timeout: [504, 'upstream_timeout'],
  upstream_first_token_timeout: [504, 'upstream_timeout'],
  upstream_between_tokens_timeout: [504, 'upstream_timeout'],
  upstream_total_timeout: [504, 'upstream_timeout'],
  upstream_too_slow: [504, 'upstream_timeout'],
  upstream_reset: [502, 'upstream_error'],
  upstream_interrupted: [502, 'upstream_error'],
  upstream_malformed: [502, 'upstream_error'],
  upstream_too_large: [502, 'upstream_error'],
  // What the provider said
  provider_auth: [502, 'upstream_error'],
  provider_rejected: [400, 'invalid_request_error'],
  provider_rate_limited: [429, 'rate_limit_error'],
  provider_unavailable: [503, 'upstream_error'],
  provider_error: [502, 'upstream_error'],
  provider_bad_response: [502, 'upstream_error'],
  // Ourselves
  shutting_down: [503, 'server_error'],
  overloaded: [503, 'server_error'],
  config_invalid: [500, 'server_error'],
  internal: [500, 'server_error'],
}

/** OpenAI's error envelope, as it stands in a JSON body or in an SSE error event. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly code: string | null
    readonly param: string | null
  }
}

/** What an error may carry beside its code and message. */
export interface ErrorFacts {
  /** The request field at fault, as a path: `messages.0.role`. */
  readonly param?: string | undefined
  /** Overrides the catalogue's HTTP status: a provider's own 4xx is passed on. */
  readonly status?: number | undefined
  /** A provider's own `type`, passed on in the envelope instead of the catalogue's. */
  readonly type?: string | undefined
  /** A provider's own `code`, passed on in the envelope instead of ours. */
  readonly providerCode?: string | undefined
  /** Milliseconds after which trying again makes sense. */
  readonly retryAfterMs?: number | undefined
  /** The provider, model or limit concerned. Never a secret. */
  readonly provider?: string | undefined
  readonly model?: string | undefined
  readonly limit?: string | undefined
  /** What the provider said of trying again (`x-should-retry`). */
  readonly shouldRetry?: boolean | undefined
  readonly cause?: unknown
}

/**
 * The one error class of this package.
 *
 * @example
 * throw new SluiceError('invalid_value', 'n must be an integer from 1 to 128, got 1000', { param: 'n' })
 */
export class SluiceError extends Error {
  override readonly name: string = 'SluiceError'
  readonly code: ErrorCode
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.facts = facts
  }

  /** The HTTP status that answers this error. */
  get status(): number {
    return this.facts.status ?? CATALOGUE[this.code][0]
  }

  /** The error as OpenAI clients expect it (PROTOCOL 4 and 10). */
  toEnvelope(): ErrorEnvelope {
    const { type, param, providerCode } = this.facts
    return {
      error: {
        message: this.message,
        type: type ?? CATALOGUE[this.code][1],
        code: providerCode ?? this.code,
        param: param ?? null,
      },
    }
  }

  /** Any thrown value as a SluiceError; one that is already is returned as it is. */
  static from(thrown: unknown, code: ErrorCode = 'internal'): SluiceError {
    if (thrown instanceof SluiceError) return thrown
    const message = code === 'internal' ? 'Internal error' : thrown instanceof Error ? thrown.message : String(thrown)
    return new SluiceError(code, message, { cause: thrown })
  }
}

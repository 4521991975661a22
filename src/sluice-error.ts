/**
 * The error class without its catalogue, which is three times its size: the SSE decoder and the SDK throw
 * errors whose status nobody asks for. Everything else imports `errors.ts`, which brings the catalogue.
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
  | 'key_revoked'
  | 'permission_denied'
  | 'model_not_found'
  | 'key_not_found'
  | 'route_not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'idempotency_mismatch'
  | 'rate_limit_exceeded'
  | 'insufficient_quota'
  | 'budget_exceeded'
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

/** How a code is answered: HTTP status, OpenAI `type`. */
export type ErrorRow = readonly [status: number, type: string]

let rows: Partial<Readonly<Record<ErrorCode, ErrorRow>>> = {}

/** Makes the catalogue known to every error. `errors.ts` does it; nobody else need. */
export function useCatalogue(catalogue: Readonly<Record<ErrorCode, ErrorRow>>): void {
  rows = catalogue
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
  /** Header fields that go with the refusal, lower-case names: `x-ratelimit-*`. */
  readonly headers?: Readonly<Record<string, string>> | undefined
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
    return this.facts.status ?? rows[this.code]?.[0] ?? 500
  }

  /** The error as OpenAI clients expect it (PROTOCOL 4 and 10). */
  toEnvelope(): ErrorEnvelope {
    const { type, param, providerCode } = this.facts
    return {
      error: {
        message: this.message,
        type: type ?? rows[this.code]?.[1] ?? 'server_error',
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

/**
 * One family of errors. A code says what happened, facts say where and how much, and the catalogue
 * below is the only place that maps a code to an HTTP status and OpenAI error type.
 *
 * The class is in sluice-error.ts. package.json lists this module as one with side effects, so that a bundler
 * which finds the class does not leave its catalogue behind.
 */
import { type ErrorCode, type ErrorRow, useCatalogue } from './sluice-error.ts'

export { type ErrorCode, type ErrorEnvelope, type ErrorFacts, SluiceError } from './sluice-error.ts'

/** How each code is answered: HTTP status, OpenAI `type`. */
const CATALOGUE: Readonly<Record<ErrorCode, ErrorRow>> = {
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
  key_revoked: [401, 'authentication_error'],
  permission_denied: [403, 'permission_error'],
  model_not_found: [404, 'invalid_request_error'],
  key_not_found: [404, 'invalid_request_error'],
  route_not_found: [404, 'invalid_request_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  conflict: [409, 'invalid_request_error'],
  idempotency_mismatch: [422, 'invalid_request_error'],
  rate_limit_exceeded: [429, 'rate_limit_error'],
  insufficient_quota: [429, 'insufficient_quota'],
  budget_exceeded: [429, 'insufficient_quota'],
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

useCatalogue(CATALOGUE)

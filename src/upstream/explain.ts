import { SluiceError } from '../errors.ts'
import { CLOSED } from './http/connection.ts'

/** What a connection ended with, in our words: `upstream_malformed`, `upstream_reset` or `upstream_connect_failed`. */
export function explain(error: Error, provider: string, headSeen: boolean): SluiceError {
  if (error instanceof SluiceError)
    return new SluiceError(error.code, `${provider}: ${error.message}`, { ...error.facts, provider })
  const code = codeOf(error)
  const facts = { provider, cause: error }
  if (headSeen)
    return new SluiceError('upstream_reset', `${provider}: the connection broke in mid-response (${code})`, facts)
  if (BROKEN.has(code))
    return new SluiceError('upstream_reset', `${provider}: the connection broke before a response (${code})`, facts)
  return new SluiceError('upstream_connect_failed', `${provider}: no connection (${code})`, facts)
}

/** Of a connection that stood. */
const BROKEN: ReadonlySet<string> = new Set([CLOSED, 'ECONNRESET', 'EPIPE'])

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

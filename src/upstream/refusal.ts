import { parseBody, type ParsedError } from '../completion/parse.ts'
import { SluiceError, type ErrorCode, type ErrorFacts } from '../errors.ts'
import { redact } from '../provider/redact.ts'
import { retryAfter } from './retry-after.ts'

/** A provider's message is passed on up to so many characters. */
const MAX_MESSAGE = 2_000

/** An error that a provider reported inside a stream or in a 200 body. */
export function providerError(parsed: ParsedError, provider: string): SluiceError {
  const status = parsed.status
  if (status === 429) return refusal(429, {}, parsed, provider)
  return new SluiceError('provider_error', tidy(parsed.message), {
    provider,
    param: parsed.param ?? undefined,
    type: parsed.providerType ?? undefined,
    providerCode: parsed.providerCode ?? undefined,
  })
}

/** A response head that says no, with what its body gives as the reason. */
export function refusalFromBody(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
  provider: string,
  now: number,
): SluiceError {
  const reported = parseBody(body).find((parsed) => parsed.type === 'error')
  return refusal(status, headers, reported, provider, now)
}

function refusal(
  status: number,
  headers: Readonly<Record<string, string>>,
  reported: ParsedError | undefined,
  provider: string,
  now = 0,
): SluiceError {
  const message = tidy(reported?.message ?? `${provider} answered with HTTP ${status}`)
  const facts: ErrorFacts = {
    provider,
    param: reported?.param ?? undefined,
    type: reported?.providerType ?? undefined,
    providerCode: reported?.providerCode ?? undefined,
    retryAfterMs: retryAfter(headers, now),
    shouldRetry: shouldRetry(headers),
  }
  const [code, passed] = classify(status)
  // A provider's 401 is ours to repair: its words are kept, its status, type and code are not shown as ours.
  if (code === 'provider_auth') {
    return new SluiceError(code, `${provider} refused our credentials (HTTP ${status}): ${message}`, { provider })
  }
  return new SluiceError(code, message, { ...facts, status: passed })
}

/** Which code a status means, and the status the caller sees (PROTOCOL 10). */
function classify(status: number): readonly [code: ErrorCode, status: number | undefined] {
  if (status === 401 || status === 403) return ['provider_auth', undefined]
  if (status === 429) return ['provider_rate_limited', 429]
  if (status >= 500)
    return ['provider_unavailable', status === 500 || status === 502 ? 502 : status === 504 ? 504 : 503]
  if (status >= 400) return ['provider_rejected', status]
  return ['provider_bad_response', undefined]
}

function shouldRetry(headers: Readonly<Record<string, string>>): boolean | undefined {
  const said = headers['x-should-retry']
  return said === 'true' ? true : said === 'false' ? false : undefined
}

/** Secrets out, control characters out, not too long. */
function tidy(message: string): string {
  const plain = redact(message).replace(/[\u0000-\u001f\u007f]+/g, ' ')
  return plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)}…` : plain
}

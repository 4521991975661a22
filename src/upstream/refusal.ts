import { parseBody, type ParsedError } from '../completion/parse.ts'
import { faultOf } from '../dialect/fastgpt.ts'
import { SluiceError, type ErrorCode, type ErrorFacts } from '../errors.ts'
import { redact } from '../provider/redact.ts'
import type { Origin } from './origin.ts'
import { askedWait } from '../limit/retry-after.ts'

/** A provider's message is passed on up to so many characters. */
const MAX_MESSAGE = 2_000

/** An error that a provider reported inside a stream or in a 200 body. */
export function providerError(parsed: ParsedError, origin: Origin): SluiceError {
  if (origin.dialect === 'fastgpt') return fastgptError(parsed, origin)
  if (parsed.status === 429) return refusal(429, {}, parsed, origin)
  return new SluiceError('provider_error', tidy(parsed.message, origin), {
    provider: origin.provider,
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
  origin: Origin,
  now: number,
): SluiceError {
  const reported = parseBody(body).find((parsed) => parsed.type === 'error')
  // FastGPT's statuses differ from version to version: 500 or 200 for everything. Its body knows.
  if (origin.dialect === 'fastgpt' && reported?.providerCode != null)
    return fastgptError(reported, origin, headers, now)
  return refusal(status, headers, reported, origin, now)
}

function refusal(
  status: number,
  headers: Readonly<Record<string, string>>,
  reported: ParsedError | undefined,
  origin: Origin,
  now = 0,
): SluiceError {
  const { provider } = origin
  const message = tidy(reported?.message ?? `${provider} answered with HTTP ${status}`, origin)
  const facts: ErrorFacts = {
    provider,
    param: reported?.param ?? undefined,
    type: reported?.providerType ?? undefined,
    providerCode: reported?.providerCode ?? undefined,
    retryAfterMs: askedWait(headers, now),
    shouldRetry: shouldRetry(headers),
  }
  const [code, passed] = classify(status)
  // A provider's 401 is ours to repair: its words are kept, its status, type and code are not shown as ours.
  if (code === 'provider_auth') {
    return new SluiceError(code, `${provider} refused our credentials (HTTP ${status}): ${message}`, { provider })
  }
  return new SluiceError(code, message, { ...facts, status: passed })
}

/** FastGPT's error, by its own number; no HTTP status of its can be trusted. */
function fastgptError(
  reported: ParsedError,
  origin: Origin,
  headers: Readonly<Record<string, string>> = {},
  now = 0,
): SluiceError {
  const { provider } = origin
  const { code, status, retryAfterMs, shouldRetry: isWorthwhile } = faultOf(reported)
  const message = tidy(reported.message, origin)
  if (code === 'provider_auth')
    return new SluiceError(code, `${provider} refused our credentials (${reported.providerCode ?? ''}): ${message}`, {
      provider,
    })
  return new SluiceError(code, message, {
    provider,
    status,
    type: reported.providerType ?? undefined,
    providerCode: reported.providerCode ?? undefined,
    retryAfterMs: retryAfterMs ?? (code === 'provider_rate_limited' ? askedWait(headers, now) : undefined),
    shouldRetry: isWorthwhile,
  })
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
function tidy(message: string, origin: Origin): string {
  const plain = redact(origin.conceal(message)).replace(/[\u0000-\u001f\u007f]+/g, ' ')
  return plain.length > MAX_MESSAGE ? `${plain.slice(0, MAX_MESSAGE)}…` : plain
}

import { SluiceError } from '../errors.ts'
import type { Exchange } from './open.ts'
import { refusalFromBody } from './refusal.ts'

/** Bytes of a refusal that are read for its reason. */
const MAX_REFUSAL = 64 * 1024

/** What a refusal says; one whose body does not come is still a refusal. */
export async function readRefusal(exchange: Exchange, date: number): Promise<SluiceError> {
  exchange.watch.enter('closing')
  const body = await readText(exchange.bytes, MAX_REFUSAL, exchange.origin.provider).catch(() => '')
  const refusal = refusalFromBody(exchange.status, exchange.headers, body, exchange.origin, date)
  if (refusal.code === 'provider_auth') exchange.refuseKey(undefined, false)
  if (refusal.code === 'provider_rate_limited') exchange.refuseKey(refusal.facts.retryAfterMs, true)
  return refusal
}

/** All of a body as text. Throws `upstream_too_large` above `limit` bytes. */
export async function readText(
  bytes: AsyncIterable<readonly Uint8Array[]>,
  limit: number,
  provider: string,
): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const parts of bytes) {
    for (const part of parts) {
      length += part.length
      if (length > limit)
        throw new SluiceError('upstream_too_large', `${provider}: the body is over ${limit} bytes`, { provider })
      text += decoder.decode(part, { stream: true })
    }
  }
  return text + decoder.decode()
}

import type { IncomingMessage } from 'node:http'
import { SluiceError } from '../errors.ts'
import { CALLER_LEFT } from '../gateway/http.ts'

/**
 * A request's body, up to `limit` bytes. Throws `body_too_large`, before reading where the length is
 * announced; `unsupported_media_type` for an encoded body; `cancelled` when the caller leaves.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  const tooLarge = (): SluiceError => new SluiceError('body_too_large', `The request body is over ${limit} bytes`)
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(new SluiceError('unsupported_media_type', 'Send the body without a content-encoding'))
  }
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    request.resume()
    return Promise.reject(tooLarge())
  }
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const parts: Buffer[] = []
  let length = 0
  const take = (part: Buffer): void => {
    length += part.length
    if (length <= limit) return void parts.push(part)
    // The rest is thrown away for a while, so that the sender gets to read the refusal.
    parts.length = 0
    reject(tooLarge())
    if (length > limit * 8) request.destroy()
  }
  const fail = (): void => reject(CALLER_LEFT)
  const end = (): void => {
    resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts))
    // The request lives as long as its answer, and would keep all of this.
    request.off('data', take).off('end', end).off('error', fail).off('close', fail)
  }
  request.on('data', take).on('end', end).on('error', fail).on('close', fail)
  return promise
}

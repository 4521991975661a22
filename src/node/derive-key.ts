import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { MacKey } from '../gateway/clients.ts'

/**
 * The key for one purpose from a secret: HKDF-SHA256 (RFC 5869), used for HMAC-SHA256. Signatures are
 * compared in constant time.
 */
export function deriveKey(secret: string, salt: string, purpose: string): MacKey {
  const key = new Uint8Array(hkdfSync('sha256', secret, salt, purpose, 32))
  const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  return {
    sign: (text) => digest(text).toString('base64url'),
    matches(text, signature) {
      const expected = digest(text)
      const given = Buffer.from(signature, 'base64url')
      // Lengths are no secret. Another spelling of the same bytes is another signature.
      return (
        given.length === expected.length &&
        timingSafeEqual(given, expected) &&
        given.toString('base64url') === signature
      )
    },
  }
}

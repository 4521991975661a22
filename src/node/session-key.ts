import type { MacKey } from '../gateway/clients.ts'
import { deriveKey } from './derive-key.ts'
import { findSecret, type SecretSource } from './key-digest.ts'

/** The key that sessions of the page are signed with, made from the keys' secret when it is first needed. */
export function createSessionKey(source: SecretSource): () => MacKey {
  let key: MacKey | undefined
  return () => (key ??= deriveKey(findSecret(source, false), '', 'sluice page session v1'))
}

import { SluiceError } from '../errors.ts'
import type { Credential } from './provider.ts'

/** Sends nothing. */
export const NO_CREDENTIAL: Credential = { headers: () => ({}) }

/**
 * A key that never changes. It is kept in a closure, so that no log line or inspector shows it.
 *
 * @param scheme `bearer`: `authorization: Bearer KEY`; `api-key`: `api-key: KEY` (Azure).
 * @param origin Where the key was read, for the error: an environment variable or a configuration path.
 * @throws SluiceError `config_invalid` that names the origin, never the key.
 *
 * @example
 * keyCredential('bearer', env.OPENAI_API_KEY, 'OPENAI_API_KEY')
 */
export function keyCredential(scheme: 'bearer' | 'api-key', key: string, origin: string): Credential {
  checkKey(key, origin)
  const fields: Readonly<Record<string, string>> =
    scheme === 'bearer' ? { authorization: `Bearer ${key}` } : { 'api-key': key }
  return { headers: () => fields }
}

/**
 * Refuses what cannot be a key. A line break would become a second header field, and most keys that have
 * one were copied with it.
 *
 * @param param The setting that the error names.
 * @throws SluiceError `config_invalid` that names the origin, never the key.
 */
export function checkKey(key: string, origin: string, param = 'apiKey'): void {
  if (key === '') throw new SluiceError('config_invalid', `${origin} is empty`, { param })
  const wrong = /[^\x21-\x7e]/u.exec(key)?.[0]
  if (wrong === undefined) return
  throw new SluiceError('config_invalid', `${origin} holds ${nameOf(wrong)}, which no key contains`, { param })
}

function nameOf(character: string): string {
  switch (character) {
    case '\r':
    case '\n':
      return 'a line break'
    case ' ':
      return 'a space'
    case '\t':
      return 'a tab'
    case '\0':
      return 'a NUL character'
    default:
      return /[\x00-\x1f\x7f]/.test(character) ? 'a control character' : 'a character that is not ASCII'
  }
}

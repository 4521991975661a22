import type { Clock } from '../clock.ts'
import type { Credential } from './provider.ts'

/** How long a refused key (401, 403) rests, in milliseconds: somebody has to mend it. */
const REFUSED_MS = 300_000
/** How long a limited key (429) rests when the provider does not say. */
const LIMITED_MS = 30_000
/** The longest rest, whatever the provider says. */
const LONGEST_MS = 600_000

type Fields = Readonly<Record<string, string>>

interface Key {
  readonly credential: Credential
  /** The fields it last gave out, by which a refusal finds it again. */
  fields: Fields | undefined
  /** Monotonic milliseconds until which it is left out. */
  restsUntil: number
}

/**
 * Several keys of one provider, used in turn. One that was refused or limited rests for a while; when
 * all rest, the one that is due first is used all the same.
 *
 * @param credentials At least one.
 */
export function keyRing(credentials: readonly Credential[], clock: Clock): Credential {
  const keys: Key[] = credentials.map((credential) => ({ credential, fields: undefined, restsUntil: -Infinity }))
  let turn = 0
  const isFresh = (key: Key): boolean => key.restsUntil <= clock.now()
  const next = (): Key | undefined => {
    for (let tried = 0; tried < keys.length; tried++) {
      const key = keys[(turn + tried) % keys.length]
      if (key === undefined || !isFresh(key)) continue
      turn = (turn + tried + 1) % keys.length
      return key
    }
    return keys.toSorted((a, b) => a.restsUntil - b.restsUntil)[0]
  }
  return {
    headers() {
      const key = next()
      if (key === undefined) return {}
      const fields = key.credential.headers()
      if (!(fields instanceof Promise)) return (key.fields = fields)
      return fields.then((got) => (key.fields = got))
    },
    refused(fields, retryAfterMs, isLimit) {
      const key = keys.find((one) => one.fields === fields)
      if (key === undefined) return
      const rest = isLimit ? (retryAfterMs ?? LIMITED_MS) : REFUSED_MS
      key.restsUntil = clock.now() + Math.min(rest, LONGEST_MS)
      key.credential.refused?.(fields, retryAfterMs, isLimit)
    },
    hasSpare: () => keys.some(isFresh),
  }
}

import type { IncomingHttpHeaders } from 'node:http'
import type { Ending } from './player.ts'

/** A request that arrived, for tests to look at. */
export interface SeenRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly path: string
  /** Header fields, lower-case names; the values of credentials and cookies are replaced by `[redacted]`. */
  readonly headers: Readonly<Record<string, string>>
  /** True when an API key was given, whatever it was. */
  readonly keyGiven: boolean
  /** The model asked for; undefined where there is none. */
  readonly model: string | undefined
  /** The parsed JSON body; undefined when there is none, it is not JSON, or it is larger than 64 KiB. */
  readonly body: unknown
  /** Bytes of the body. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** When the response ended, in whatever way. */
  readonly endedAt: number | undefined
  /** `open` while it is being answered; `left` when the caller went away first; `broken` when a fault ended it. */
  readonly state: 'open' | Ending
  /** The response's status; undefined before its head, and when there never was one. */
  readonly status: number | undefined
}

/** A request while it is still being written down. */
export type SeenDraft = { -readonly [Key in keyof SeenRequest]: SeenRequest[Key] }

const KEPT = 1_000
const KEPT_BODY = 64 * 1024
const SECRET = /authorization|cookie|api-?key|token|secret/

/** The newest requests, oldest first; bounded. */
export class SeenRequests {
  #kept: SeenDraft[] = []

  /** All of them. */
  get all(): readonly SeenRequest[] {
    return this.#kept
  }

  /** Writes down that a request has arrived. */
  arrived(method: string, path: string, headers: IncomingHttpHeaders, now: number): SeenDraft {
    const seen: SeenDraft = {
      method,
      path,
      headers: redacted(headers),
      keyGiven: headers.authorization !== undefined || headers['api-key'] !== undefined,
      model: undefined,
      body: undefined,
      bytes: 0,
      startedAt: now,
      endedAt: undefined,
      state: 'open',
      status: undefined,
    }
    // Twice the room, cut back at once: a shift per request would move the whole list every time.
    if (this.#kept.length >= KEPT * 2) this.#kept = this.#kept.slice(-KEPT)
    this.#kept.push(seen)
    return seen
  }

  /** True when a body of that size is kept. */
  keeps(bytes: number): boolean {
    return bytes <= KEPT_BODY
  }
}

function redacted(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const out: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    out[name] = SECRET.test(name) ? '[redacted]' : Array.isArray(value) ? value.join(', ') : (value ?? '')
  }
  return out
}

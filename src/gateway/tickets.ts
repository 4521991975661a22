import type { Clock } from '../clock.ts'
import { randomId } from './ids.ts'

/** How long a ticket can be used, in milliseconds. */
const LIFETIME = 60_000
/** Tickets that may be out at once; beyond, the oldest lapse. */
const MAX_TICKETS = 10_000

/** What a ticket lets its bearer do: read one stream, once, as the caller who asked for it. */
interface Grant {
  readonly streamId: string
  readonly owner: string
  readonly expiresAt: number
}

/**
 * One-use permissions to read a stream, for an EventSource, which can send no headers. A ticket stands
 * in a URL and URLs end in logs, so it is worth one read within a minute, and never a key.
 */
export class Tickets {
  readonly #clock: Clock
  readonly #grants = new Map<string, Grant>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A new ticket, good for 60 seconds. */
  issue(streamId: string, owner: string): string {
    const now = this.#clock.now()
    for (const [ticket, grant] of this.#grants) {
      if (grant.expiresAt > now && this.#grants.size < MAX_TICKETS) break
      this.#grants.delete(ticket)
    }
    const ticket = `tk_${randomId()}`
    this.#grants.set(ticket, { streamId, owner, expiresAt: now + LIFETIME })
    return ticket
  }

  /** Whose reader the bearer is, if the ticket is good for this stream; it is not good any more afterwards. */
  redeem(ticket: string, streamId: string): string | undefined {
    const grant = this.#grants.get(ticket)
    this.#grants.delete(ticket)
    if (grant === undefined || grant.streamId !== streamId || grant.expiresAt <= this.#clock.now()) return undefined
    return grant.owner
  }
}

import type { ServerBudget, ServerWord } from './rate-headers.ts'

/** A budget that the server told of: so much is left until then. */
interface Left {
  left: number
  readonly until: number
}

/**
 * What a server has said of its own count; it knows of others who use the same key. Times in milliseconds of
 * one clock that never goes back.
 */
export class Told {
  #requests: Left | undefined
  #tokens: Left | undefined
  #blockedUntil = -Infinity
  #word = 0

  /** Which of its words is the last one: what was taken before it is in its count already. */
  get word(): number {
    return this.#word
  }

  /** Takes its word. */
  hear({ requests, tokens, retryAfterMs }: ServerWord, now: number): void {
    if (retryAfterMs !== undefined) this.block(retryAfterMs, now)
    this.#requests = leftOf(requests, now) ?? this.#requests
    this.#tokens = leftOf(tokens, now) ?? this.#tokens
    this.#word++
  }

  /** Lets nothing through for so long. */
  block(ms: number, now: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, now + ms)
  }

  /** These are used, or, below 0, were not after all. */
  use(requests: number, tokens: number): void {
    if (this.#requests !== undefined) this.#requests.left -= requests
    if (this.#tokens !== undefined) this.#tokens.left -= tokens
  }

  /** Milliseconds until a request with so many tokens may go; 0 or less: now. */
  waitFor(tokens: number, now: number): number {
    if (this.#word === 0 && this.#blockedUntil <= now) return 0
    if (this.#requests !== undefined && this.#requests.until <= now) this.#requests = undefined
    if (this.#tokens !== undefined && this.#tokens.until <= now) this.#tokens = undefined
    let until = this.#blockedUntil
    if (this.#requests !== undefined && this.#requests.left < 1) until = Math.max(until, this.#requests.until)
    if (this.#tokens !== undefined && this.#tokens.left < tokens) until = Math.max(until, this.#tokens.until)
    return until - now
  }
}

function leftOf(said: ServerBudget | undefined, now: number): Left | undefined {
  return said === undefined ? undefined : { left: said.remaining, until: now + said.resetMs }
}

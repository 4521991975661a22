import type { CancelSignal } from '../cancel.ts'
import { SluiceError } from '../errors.ts'
import type { Reservation } from '../limit/reservation.ts'
import type { Scope } from '../limit/scope.ts'
import type { Turnstile } from '../limit/turnstile.ts'
import type { Target } from '../provider/provider.ts'
import type { TargetPlaces } from '../upstream/ask.ts'
import type { Claim } from './admission-asked.ts'
import type { Scopes } from './admission-scopes.ts'

/** What a request takes of the limits of providers: one place at a time, for the try that runs. */
export class ProviderPlaces implements TargetPlaces {
  readonly #turnstile: Turnstile
  readonly #scopes: Scopes
  readonly #claim: Claim
  /** Those that had no place for it. */
  readonly #full = new Set<string>()
  #isTrying = false
  #place: Reservation | undefined

  constructor(turnstile: Turnstile, scopes: Scopes, claim: Claim) {
    this.#turnstile = turnstile
    this.#scopes = scopes
    this.#claim = claim
  }

  /** A try begins. */
  started(): void {
    this.#isTrying = true
  }

  /**
   * A place at the target's provider, for the try that has begun. One that is full counts like a 429: the next
   * target's turn; the last one is waited for.
   *
   * @throws SluiceError `provider_rate_limited`, or the signal's reason.
   */
  async enter({ provider }: Target, signal: CancelSignal): Promise<void> {
    const { limits, prompt, answer } = this.#claim
    const scope = this.#scopes.ofProvider(provider.name, limits)
    if (scope === undefined) return
    const tokens = prompt + answer
    const place = this.#turnstile.enter([scope], tokens) ?? (await this.#queue(scope, tokens, signal))
    if (this.#isTrying) this.#place = place
    else place.refund()
  }

  /** The try is over and used so many tokens. */
  ended(tokens: number): void {
    this.#isTrying = false
    this.#place?.settle(tokens)
    this.#place = undefined
  }

  async #queue(scope: Scope, tokens: number, signal: CancelSignal): Promise<Reservation> {
    const { targets, limits } = this.#claim
    this.#full.add(scope.name)
    const isLast = targets.every(({ provider }) => this.#full.has(provider.name))
    try {
      return await this.#turnstile.wait([scope], tokens, { ms: isLast ? limits.wait : 0, signal })
    } catch (thrown) {
      const error = SluiceError.from(thrown)
      if (error.code !== 'rate_limit_exceeded') throw error
      const { retryAfterMs, limit } = error.facts
      const facts = { provider: scope.name, retryAfterMs, limit, shouldRetry: false }
      throw new SluiceError('provider_rate_limited', error.message, facts)
    }
  }
}

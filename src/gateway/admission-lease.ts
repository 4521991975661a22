import type { Usage } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import type { SluiceError } from '../errors.ts'
import { quarterTokens } from '../limit/estimate.ts'
import type { Reservation } from '../limit/reservation.ts'
import type { Turnstile } from '../limit/turnstile.ts'
import type { Outcome } from '../log/stream-log.ts'
import type { Price } from '../provider/price.ts'
import type { Target } from '../provider/provider.ts'
import type { TargetPlaces } from '../upstream/ask.ts'
import type { Claim } from './admission-asked.ts'
import { exceeded, type Spending } from './admission-budget.ts'
import { quartersOf, Try, usageTokens } from './admission-count.ts'
import { chargeOf, ratesOf } from './admission-price.ts'
import { ProviderPlaces } from './admission-provider.ts'
import type { Scopes } from './admission-scopes.ts'

/** What all leases of a gateway share. */
export interface LeaseHouse {
  readonly turnstile: Turnstile
  readonly scopes: Scopes
  readonly spending: Spending
  /** What a target costs now, for the caller's `model`; `undefined`: nobody knows. */
  readonly priceOf: (target: Target, model: string) => Price | undefined
}

/** How a request ended, as far as its lease needs to know. */
export interface LeaseEnd {
  readonly status: Outcome['status']
  readonly usage: Usage | undefined
}

/**
 * All that a request holds of limits and budgets: taken before it starts, counted while it runs, given back
 * once, whatever happened. Counts what is delivered itself, so that neither leaving early nor a provider that
 * tells no usage is free. A token costs two additions: to what was delivered, and, where the key has a budget,
 * to what its account has running.
 */
export class Lease {
  readonly #house: LeaseHouse
  readonly #claim: Claim
  readonly #place: Reservation | undefined
  readonly #providers: ProviderPlaces | undefined
  #stop: ((reason: SluiceError) => void) | undefined
  #try: Try | undefined
  /** Of tries that were cut after they had given something and before they told their usage. */
  #cutPrompts = 0
  #cutNano = 0
  /** All that was delivered, in quarters of a token. */
  #quarters = 0
  /** What a quarter of a token of the try that runs costs. */
  #rate = 0
  /** What is in its account's `running` of it, without what the try that runs has given. */
  #before = 0
  #hasEnded = false
  /** What it cost, once it has ended and until it is charged. */
  #due: number | undefined

  constructor(house: LeaseHouse, claim: Claim, place: Reservation | undefined) {
    this.#house = house
    this.#claim = claim
    this.#place = place
    const { turnstile, scopes } = house
    this.#providers = claim.limits.providers.size === 0 ? undefined : new ProviderPlaces(turnstile, scopes, claim)
  }

  /** The same fields with `x-ratelimit-*`, as they stand now. */
  addHeaders(headers: Record<string, string>): Record<string, string> {
    const { scopes } = this.#claim
    return scopes.length === 0 ? headers : this.#house.turnstile.headers(scopes, headers)
  }

  /** For the tries of this request; `undefined` where no provider is limited. */
  get places(): TargetPlaces | undefined {
    return this.#providers
  }

  /** What ends the stream in the middle, when its budget is used up. */
  bind(stop: (reason: SluiceError) => void): void {
    this.#stop = stop
  }

  /** A try begins. */
  started(target: Target): void {
    this.#close()
    this.#providers?.started()
    const { account, model, prompt } = this.#claim
    const price = account === undefined ? undefined : this.#house.priceOf(target, model)
    const current = new Try(price === undefined ? undefined : ratesOf(price, prompt), prompt, this.#quarters)
    this.#try = current
    this.#rate = current.rates?.quarter ?? 0
    this.#before += current.promptCost
    if (current.promptCost > 0) this.#run(current.promptCost)
  }

  /** Its provider said yes. */
  opened(): void {
    if (this.#try !== undefined) this.#try.isOpen = true
  }

  /** It failed. */
  failed(): void {
    this.#close()
  }

  /** These are delivered. */
  items(items: readonly AnswerItem[]): void {
    if (this.#try === undefined) return
    let quarters = 0
    for (const item of items) {
      if (item.type !== 'chunk') continue
      if (item.usage !== undefined) this.#try.usage = item.usage
      if (item.visible) quarters += item.text === undefined ? quartersOf(item.chunk) : quarterTokens(item.text)
    }
    this.#quarters += quarters
    if (this.#rate > 0) this.#run(quarters * this.#rate)
  }

  /** These were delivered by a process that died, of an answer that goes on. */
  had(items: readonly AnswerItem[], target: Target | undefined): void {
    if (target === undefined || items.length === 0) return
    this.started(target)
    this.items(items)
    this.#close()
  }

  /** The request is over: every place is given back, and what it really used counts. Once. */
  end({ status, usage }: LeaseEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { prompt } = this.#claim
    const current = this.#try
    // A caller that leaves before the head has had its prompt read all the same.
    if (current !== undefined && status === 'cancelled') current.isOpen = true
    const told = usageTokens(usage)
    const isTold = status === 'completed' && told > 0
    const used = isTold ? told + this.#cutPrompts * prompt : Math.max(told, this.#counted(current))
    this.#due = this.#cost(isTold ? usage : undefined)
    this.#providers?.ended(current?.tokens(this.#quarters) ?? 0)
    this.#place?.settle(used)
  }

  /**
   * Its end is on record: what it cost is charged. Once, and after `end`: an end that a crash takes back is
   * charged when the stream ends again. `nanoDollars`: what it cost, where somebody knows better than this;
   * `roughOf`: the stream, where that is not the last word.
   */
  charge(nanoDollars?: number, roughOf?: string): void {
    const { account } = this.#claim
    const due = nanoDollars ?? this.#due
    if (account === undefined || due === undefined || this.#due === undefined) return
    this.#due = undefined
    account.running -= this.#running
    account.charge(due)
    if (roughOf !== undefined) this.#house.spending.awaitCount(roughOf, account, due)
  }

  /** It never started: as if it had not come. */
  refund(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#place?.refund()
  }

  /** The try that runs is over without having completed the answer. */
  #close(): void {
    const ended = this.#try
    if (ended === undefined) return
    const given = ended.given(this.#quarters)
    this.#before += given * this.#rate
    this.#rate = 0
    this.#try = undefined
    this.#providers?.ended(ended.tokens(this.#quarters))
    if (given > 0 && ended.usage === undefined) {
      this.#cutPrompts++
      // What it gave is in the usage of the try that goes on with it; its prompt is not (`Sent`).
      this.#cutNano += ended.promptCost
    } else if (given === 0 && ended.promptCost > 0) {
      this.#before -= ended.promptCost
      this.#run(-ended.promptCost)
    }
  }

  /** Its account has so much more running. */
  #run(nano: number): void {
    const { account } = this.#claim
    if (account === undefined) return
    account.running += nano
    if (nano > 0 && account.isOver) this.#stop?.(exceeded(account))
  }

  /** What is in its account's `running` of it. */
  get #running(): number {
    return this.#before + (this.#try === undefined ? 0 : this.#try.given(this.#quarters) * this.#rate)
  }

  /** Tokens that were asked and delivered, counted here. */
  #counted(current: Try | undefined): number {
    const prompts = this.#cutPrompts + (current?.isAsked(this.#quarters) === true ? 1 : 0)
    return prompts * this.#claim.prompt + Math.ceil(this.#quarters / 4)
  }

  /** What it cost: by the provider's own count where that is whole, else as estimated on the way. */
  #cost(usage: Usage | undefined): number {
    const current = this.#try
    if (current?.rates === undefined) return this.#running
    if (usage !== undefined) return this.#cutNano + chargeOf(usage, current.rates)
    return current.isAsked(this.#quarters) ? this.#running : this.#running - current.promptCost
  }
}

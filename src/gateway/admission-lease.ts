import type { Usage } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { SluiceError } from '../errors.ts'
import type { BudgetAccount } from '../ledger/budget.ts'
import { quarterTokens } from '../limit/estimate.ts'
import type { Reservation } from '../limit/reservation.ts'
import type { Scope } from '../limit/scope.ts'
import type { Turnstile } from '../limit/turnstile.ts'
import type { Outcome } from '../log/stream-log.ts'
import type { Price } from '../provider/price.ts'
import type { Target } from '../provider/provider.ts'
import type { TargetPlaces } from '../upstream/ask.ts'
import { quartersOf, tokensOf, usageTokens, type Use } from './admission-count.ts'
import { chargeOf, ratesOf, type Rates } from './admission-price.ts'

/** What a lease is made of. */
export interface LeaseParts {
  readonly turnstile: Turnstile
  /** The key's and the model's. */
  readonly scopes: readonly Scope[]
  readonly place: Reservation | undefined
  /** Estimated tokens of the prompt, and of the answer at most. */
  readonly prompt: number
  readonly answer: number
  readonly account: BudgetAccount | undefined
  readonly priceOf: (target: Target) => Price | undefined
  /** A provider's own limits, where it has any. */
  readonly providerScope: (provider: string) => Scope | undefined
  /** Providers that the route may turn to. */
  readonly providers: ReadonlySet<string>
  /** How long to wait for the last of them, in milliseconds. */
  readonly wait: number
  /** Is told of a charge that will be known better when the stream's tokens have been counted. */
  readonly onRough: (stream: string, account: BudgetAccount, nanoDollars: number) => void
}

/** How a request ended, as far as its lease needs to know. */
export interface LeaseEnd {
  readonly status: Outcome['status']
  readonly usage: Usage | undefined
  /** What it cost, where somebody knows better than an estimate: whole billionths of a dollar. */
  readonly nanoDollars?: number | undefined
}

/** One try of one target. */
interface Try extends Use {
  readonly rates: Rates | undefined
  place: Reservation | undefined
  isOpen: boolean
  quarters: number
  usage: Usage | undefined
}

/**
 * All that a request holds of limits and budgets: taken before it starts, counted while it runs, given back
 * once, whatever happened. Counts what is delivered itself, so that neither leaving early nor a provider that
 * tells no usage is free.
 */
export class Lease implements TargetPlaces {
  readonly #parts: LeaseParts
  readonly #full = new Set<string>()
  #stop: ((reason: SluiceError) => void) | undefined
  #try: Try | undefined
  /** Of tries that were cut after they had given something and before they told their usage. */
  #cutPrompts = 0
  #cutNano = 0
  /** All that was delivered, in quarters of a token. */
  #quarters = 0
  /** What this request has added to its account's `running`. */
  #running = 0
  #hasEnded = false
  /** What it cost, once it has ended and until it is charged. */
  #due: number | undefined

  constructor(parts: LeaseParts) {
    this.#parts = parts
  }

  /** `x-ratelimit-*`, as they stand now. */
  get headers(): Readonly<Record<string, string>> {
    const { turnstile, scopes } = this.#parts
    return scopes.length === 0 ? {} : turnstile.headers(scopes)
  }

  /** For the tries of this request; `undefined` where no provider is limited. */
  get places(): TargetPlaces | undefined {
    return this.#parts.providers.size === 0 ? undefined : this
  }

  /** What ends the stream in the middle, when its budget is used up. */
  bind(stop: (reason: SluiceError) => void): void {
    this.#stop = stop
  }

  /**
   * A place at the target's provider, for the try that has begun. One that is full counts like a 429: the next
   * target's turn; the last one is waited for.
   *
   * @throws SluiceError `provider_rate_limited`, or the signal's reason.
   */
  async enter({ provider }: Target, signal: AbortSignal): Promise<void> {
    const { turnstile, providers, wait, prompt, answer } = this.#parts
    const scope = this.#parts.providerScope(provider.name)
    if (scope === undefined) return
    const tokens = prompt + answer
    const place = turnstile.enter([scope], tokens) ?? (await this.#queue(scope, tokens, providers, wait, signal))
    if (this.#try === undefined || this.#hasEnded) place.refund()
    else this.#try.place = place
  }

  /** A try begins. */
  started(target: Target): void {
    this.#close()
    const price = this.#parts.account === undefined ? undefined : this.#parts.priceOf(target)
    const rates = price === undefined ? undefined : ratesOf(price, this.#parts.prompt)
    this.#try = { rates, place: undefined, isOpen: false, quarters: 0, usage: undefined }
    if (rates !== undefined) this.#spend(rates.input * this.#parts.prompt)
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
    const current = this.#try
    if (current === undefined) return
    let quarters = 0
    for (const item of items) {
      if (item.type !== 'chunk') continue
      if (item.usage !== undefined) current.usage = item.usage
      if (item.visible) quarters += item.text === undefined ? quartersOf(item.chunk) : quarterTokens(item.text)
    }
    current.quarters += quarters
    this.#quarters += quarters
    if (current.rates !== undefined) this.#spend(quarters * current.rates.quarter)
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
    const current = this.#try
    // A caller that leaves before the head has had its prompt read all the same.
    if (current !== undefined && status === 'cancelled') current.isOpen = true
    const counted = this.#counted(current)
    const told = usageTokens(usage)
    const isTold = status === 'completed' && told > 0
    const used = isTold ? told + this.#cutPrompts * this.#parts.prompt : Math.max(told, counted)
    this.#due = this.#cost(isTold ? usage : undefined)
    if (current?.place !== undefined) current.place.settle(tokensOf(current, this.#parts.prompt))
    this.#parts.place?.settle(used)
  }

  /**
   * Its end is on record: what it cost is charged. Once, and after `end`: an end that a crash takes back is
   * charged when the stream ends again. `nanoDollars`: what it cost, where somebody knows better than this;
   * `roughOf`: the stream, where that is not the last word.
   */
  charge(nanoDollars?: number, roughOf?: string): void {
    const { account } = this.#parts
    const due = nanoDollars ?? this.#due
    if (account === undefined || due === undefined || this.#due === undefined) return
    this.#due = undefined
    account.running -= this.#running
    account.charge(due)
    if (roughOf !== undefined) this.#parts.onRough(roughOf, account, due)
  }

  /** It never started: as if it had not come. */
  refund(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#parts.place?.refund()
  }

  async #queue(
    scope: Scope,
    tokens: number,
    providers: ReadonlySet<string>,
    wait: number,
    signal: AbortSignal,
  ): Promise<Reservation> {
    this.#full.add(scope.name)
    const isLast = [...providers].every((name) => this.#full.has(name))
    try {
      return await this.#parts.turnstile.wait([scope], tokens, { ms: isLast ? wait : 0, signal })
    } catch (thrown) {
      const error = SluiceError.from(thrown)
      if (error.code !== 'rate_limit_exceeded') throw error
      const { retryAfterMs, limit } = error.facts
      const facts = { provider: scope.name, retryAfterMs, limit, shouldRetry: false }
      throw new SluiceError('provider_rate_limited', error.message, facts)
    }
  }

  /** The try that runs is over without having completed the answer. */
  #close(): void {
    const ended = this.#try
    if (ended === undefined) return
    this.#try = undefined
    ended.place?.settle(tokensOf(ended, this.#parts.prompt))
    if (ended.quarters > 0 && ended.usage === undefined) {
      this.#cutPrompts++
      // What it gave is in the usage of the try that goes on with it; its prompt is not (`Sent`).
      if (ended.rates !== undefined) this.#cutNano += ended.rates.input * this.#parts.prompt
    } else if (ended.quarters === 0 && ended.rates !== undefined) this.#spend(-ended.rates.input * this.#parts.prompt)
  }

  #spend(nano: number): void {
    const { account } = this.#parts
    if (account === undefined) return
    this.#running += nano
    account.running += nano
    if (nano > 0 && account.isOver) this.#stop?.(exceeded(account))
  }

  /** Tokens that were asked and delivered, counted here. */
  #counted(current: Try | undefined): number {
    const prompts = this.#cutPrompts + (current !== undefined && (current.isOpen || current.quarters > 0) ? 1 : 0)
    return prompts * this.#parts.prompt + Math.ceil(this.#quarters / 4)
  }

  /** What it cost: by the provider's own count where that is whole, else as estimated on the way. */
  #cost(usage: Usage | undefined): number {
    const current = this.#try
    if (current?.rates === undefined) return this.#running
    if (usage !== undefined) return this.#cutNano + chargeOf(usage, current.rates)
    const isAsked = current.isOpen || current.quarters > 0
    return isAsked ? this.#running : this.#running - current.rates.input * this.#parts.prompt
  }
}

function exceeded({ budget }: BudgetAccount): SluiceError {
  const text = `The budget of this key for ${words(budget.period)} was used up in the middle of this answer`
  return new SluiceError('budget_exceeded', text, { limit: 'budget', shouldRetry: false })
}

/** A period as a person says it. */
export function words(period: BudgetAccount['budget']['period']): string {
  return period === 'total' ? 'all time' : `this ${period} (UTC)`
}

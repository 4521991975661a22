import { dayOf, type UsageRow } from './usage.ts'

/** The sums of a day, besides what names them; each is added to. */
export const SUMS: string = [
  'streams, incomplete, prompt_tokens, cached_tokens, completion_tokens, reasoning_tokens, nano_dollars',
  'unpriced, estimated',
].join(', ')

/** What a transaction adds to the sums of one day, owner, model and provider. */
class DaySums {
  readonly day: string
  readonly #of: UsageRow
  /** In the order of `SUMS`. */
  readonly #sums: [number, number, number, number, number, number, number, number, number] = [0, 0, 0, 0, 0, 0, 0, 0, 0]

  /** `of`: a row of this owner, model and provider. */
  constructor(day: string, of: UsageRow) {
    this.day = day
    this.#of = of
  }

  /** Whether a row counts here. */
  has(row: UsageRow, day: string): boolean {
    const { owner, model, provider } = this.#of
    return row.owner === owner && row.model === model && row.provider === provider && this.day === day
  }

  add(row: UsageRow, sign: 1 | -1): void {
    const sums = this.#sums
    sums[0] += sign
    if (row.outcome !== 'completed') sums[1] += sign
    sums[2] += sign * row.promptTokens
    sums[3] += sign * row.cachedTokens
    sums[4] += sign * row.completionTokens
    sums[5] += sign * row.reasoningTokens
    sums[6] += sign * row.nanoDollars
    if (row.unpriced > 0) sums[7] += sign
    if (row.estimated) sums[8] += sign
  }

  /** As it is bound. */
  get values(): readonly (string | number)[] {
    const { owner, model, provider } = this.#of
    return [this.day, owner, model, provider, ...this.#sums]
  }
}

/** What a transaction adds to the sums of days: a row each for many streams. */
export class Days {
  readonly #all = new Map<string, DaySums>()
  #newest: DaySums | undefined

  /** `sign`: -1 takes back what was added for a row before. */
  add(row: UsageRow, sign: 1 | -1): void {
    const day = dayOf(row.createdAt)
    if (this.#newest?.has(row, day) !== true) this.#newest = this.#find(row, day)
    this.#newest.add(row, sign)
  }

  /** One for each day, owner, model and provider. */
  sums(): Iterable<DaySums> {
    return this.#all.values()
  }

  #find(row: UsageRow, day: string): DaySums {
    const key = `${day}\0${row.owner}\0${row.model}\0${row.provider}`
    let sums = this.#all.get(key)
    if (sums === undefined) this.#all.set(key, (sums = new DaySums(day, row)))
    return sums
  }
}

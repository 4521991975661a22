/** What one stream used and cost. One row per stream, written when it has ended: that is what makes it charged once. */
export interface UsageRow {
  readonly stream: string
  /** When the stream began, milliseconds since 1970. Together with `stream` it names the row. */
  readonly createdAt: number
  /** Whose stream it was: a key's id, or `local`. */
  readonly owner: string
  /** The caller's name of the model. */
  readonly model: string
  /** The provider that answered last; `none` where nobody was asked, `cache` for a cached answer. */
  readonly provider: string
  /** The model as that provider names it. */
  readonly targetModel: string
  /** Tries that are paid for: two where a stream was rescued. */
  readonly charged: number
  /** Tries of them whose price nobody knows: their cost is not in `nanoDollars`. */
  readonly unpriced: number
  /** Tokens as OpenAI counts them, over all tries that are paid for: cached ones are among the prompt's. */
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  /** Among the completion's. */
  readonly reasoningTokens: number
  /** Whole billionths of a US dollar. */
  readonly nanoDollars: number
  /** Where the price is from: `config`, `provider`, or a source with its date; `''` where there is none. */
  readonly priceSource: string
  /** Whether some of the tokens were counted here, because a provider did not tell. */
  readonly estimated: boolean
  readonly outcome: 'completed' | 'failed' | 'cancelled'
  /** Milliseconds; null where no token came. */
  readonly ttft: number | null
  /** Milliseconds. */
  readonly duration: number
}

/** By what usage can be summed. */
export const USAGE_GROUPS = ['day', 'key', 'model', 'provider'] as const

/** One of them. */
export type UsageGroup = (typeof USAGE_GROUPS)[number]

/** Which usage is asked for. */
export interface UsageQuery {
  /** The first day, `2026-11-20`, in UTC. */
  readonly from: string
  /** The last day, itself included. */
  readonly to: string
  readonly by: readonly UsageGroup[]
  /** Only this owner's; undefined: everybody's. */
  readonly owner?: string | undefined
}

/** What was used and what it cost, of one group. The fields that name the group are those that were asked for. */
export interface UsageSum {
  readonly day?: string
  readonly key?: string
  readonly model?: string
  readonly provider?: string
  readonly streams: number
  /** Streams that failed or were cancelled. */
  readonly incomplete: number
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly completionTokens: number
  readonly reasoningTokens: number
  readonly nanoDollars: number
  /** Streams with tokens whose price nobody knows. */
  readonly unpriced: number
  /** Streams with tokens that were counted here. */
  readonly estimated: number
}

const DAY_MS = 86_400_000

/** The day that was asked for last: rows come by the thousand of one day, and a date's text costs a microsecond. */
let known = { day: Number.NaN, text: '' }

/** The day of a time, in UTC. */
export function dayOf(ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  if (known.day !== day) known = { day, text: new Date(day * DAY_MS).toISOString().slice(0, 10) }
  return known.text
}

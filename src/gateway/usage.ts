import type { Clock } from '../clock.ts'
import type { Usage } from '../completion/chunk.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { UsageRow } from '../ledger/usage.ts'
import type { UsageTable } from '../ledger/usage-table.ts'
import { estimateTokens } from '../limit/estimate.ts'
import type { Outcome, StreamLog } from '../log/stream-log.ts'
import type { PriceList } from '../provider/price-list.ts'
import type { Target } from '../provider/provider.ts'
import type { ChatBody } from '../upstream/outgoing.ts'
import type { StreamMeasure } from './meter.ts'
import { chargeOf, paidTries, type Before, type Charge, type Counted, type PaidTry } from './usage-charge.ts'
import { deliveredTexts, promptOf } from './usage-delivered.ts'

/**
 * Counts the tokens of texts, off the event loop; `undefined` when it is too busy, or took too long. Never
 * rejects.
 */
export type CountTokens = (texts: readonly string[]) => Promise<readonly number[] | undefined>

/** A stream to be accounted for. */
export interface Billed {
  readonly streamId: string
  readonly owner: string
  /** The caller's name of the model. */
  readonly model: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** The request; undefined where it is known no more. */
  readonly body: ChatBody | undefined
  /** What a process that died has delivered of it. */
  readonly before?: Before | undefined
}

/** What accounts are kept with. */
export interface AccountsParts {
  readonly prices: PriceList
  readonly table: UsageTable
  readonly log: StreamLog
  readonly clock: Clock
  /** Absent: what nobody told is estimated by the length of the text. */
  readonly countTokens?: CountTokens | undefined
  /** Is told of each row once, when it will not change any more. */
  readonly onCharged: (row: UsageRow) => void
}

/** A request that is passed on. */
export interface PassedRequest {
  readonly id: string
  readonly owner: string
  /** The caller's name of the model. */
  readonly model: string
  readonly target: Target
  /** By the clock. */
  readonly startedAt: number
}

/** Who answered, where no provider was asked. */
export type FreeSource = 'cache' | 'attached'

/**
 * What streams use and cost: one row in the ledger each, made when the stream ends. Its name is the stream's, so
 * that a stream that is told of twice, by two processes even, is charged once.
 */
export class Accounts {
  readonly #parts: AccountsParts
  readonly #counting = new Set<Promise<void>>()

  constructor(parts: AccountsParts) {
    this.#parts = parts
  }

  /**
   * A stream has ended. Where a provider did not tell its usage, what is given back is rough, and the row is
   * written again when the tokens have been counted.
   */
  settle(stream: Billed, measure: StreamMeasure): Charge {
    const { prices, clock, countTokens } = this.#parts
    const tries = paidTries(measure, stream.before)
    const isTold = tries.every(({ usage }) => usage !== undefined)
    const rough = isTold ? nothing : roughly(tries, stream.body)
    const charge = chargeOf(tries, stream.model, prices, new Date(clock.date()), rough)
    const row = rowOf(stream, measure, charge)
    this.#parts.table.put(row)
    if (isTold || countTokens === undefined) this.#parts.onCharged(row)
    else this.#later(this.#recount(stream, measure, tries, countTokens).then((better) => better ?? row))
    return charge
  }

  /**
   * A request was passed to a provider and its answer back as it came, and not as a stream (embeddings).
   *
   * @param answer The answer's text: its usage is looked for near its start and its end.
   * @param input What was sent, for an estimate where no usage is told.
   */
  passed(request: PassedRequest, answer: string, input: string): void {
    const { id: streamId, owner, model, target, startedAt } = request
    const { prices, clock, table } = this.#parts
    const usage = usageIn(answer)
    const tries = [{ target, from: 0, to: 0, answered: undefined, usage }]
    const rough = (): Counted => ({ prompt: estimateTokens(input), completion: 0 })
    const charge = chargeOf(tries, model, prices, new Date(clock.date()), rough)
    const measure = { outcome: { status: 'completed' }, ttft: undefined, duration: clock.now() - startedAt } as const
    const row = rowOf({ streamId, owner, model, createdAt: clock.date(), body: undefined }, measure, charge)
    table.put(row)
    this.#parts.onCharged(row)
  }

  /** A request was answered without asking anybody: a row that costs nothing and says why. */
  free(request: { readonly id: string; readonly owner: string; readonly model: string }, from: FreeSource): void {
    const { id: stream, owner, model } = request
    const createdAt = this.#parts.clock.date()
    const none = { charged: 0, unpriced: 0, promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 }
    const cost = { ...none, nanoDollars: 0, priceSource: from, estimated: false } as const
    const answer = { provider: from, targetModel: '', outcome: 'completed', ttft: null, duration: 0 } as const
    const row: UsageRow = { stream, createdAt, owner, model, ...answer, ...cost }
    this.#parts.table.put(row)
    this.#parts.onCharged(row)
  }

  /** Resolves when nothing is being counted. */
  async idle(): Promise<void> {
    await Promise.all(this.#counting)
  }

  #later(row: Promise<UsageRow>): void {
    const done = row.then((final) => {
      this.#parts.table.put(final)
      this.#parts.onCharged(final)
      this.#counting.delete(done)
    })
    this.#counting.add(done)
  }

  async #recount(
    stream: Billed,
    measure: StreamMeasure,
    tries: readonly PaidTry[],
    countTokens: CountTokens,
  ): Promise<UsageRow | undefined> {
    const { log, prices, clock } = this.#parts
    const at = new Date(clock.date())
    const texts = await deliveredTexts(
      log,
      stream.streamId,
      tries.map(({ from }) => from),
    )
    if (texts === undefined) return undefined
    const prompt = promptOf(stream.body ?? {})
    const counts = await countTokens([prompt.text, ...texts])
    if (counts === undefined) return undefined
    const [asked = 0, ...given] = counts
    const counted = (place: number): Counted => ({
      // A continuation was shown what had been given before.
      prompt: asked + prompt.beside + given.slice(0, place).reduce((sum, tokens) => sum + tokens, 0),
      completion: given[place] ?? 0,
    })
    return rowOf(stream, measure, chargeOf(tries, stream.model, prices, at, counted))
  }
}

const nothing = (): Counted => ({ prompt: 0, completion: 0 })

/** A chunk is about a token, and a token about four characters. */
function roughly(tries: readonly PaidTry[], body: ChatBody | undefined): (place: number) => Counted {
  const { text, beside } = promptOf(body ?? {})
  const prompt = estimateTokens(text) + beside
  return (place) => {
    const { from = 0, to = 0 } = tries[place] ?? {}
    return { prompt: prompt + from, completion: to - from }
  }
}

/** Characters of an answer's start and of its end. */
const NEAR = 1_000

/** The usage of an answer too long to be parsed for it. */
function usageIn(answer: string): Usage | undefined {
  const near = answer.length <= 2 * NEAR ? answer : `${answer.slice(0, NEAR)} ${answer.slice(-NEAR)}`
  const found = parseJson(/"usage"\s*:\s*(\{[^{}]*\})/.exec(near)?.[1] ?? '')
  if (!isObject(found) || typeof found['prompt_tokens'] !== 'number') return undefined
  const prompt = found['prompt_tokens']
  return { ...found, prompt_tokens: prompt, completion_tokens: 0, total_tokens: prompt }
}

type Measured = Pick<StreamMeasure, 'ttft' | 'duration'> & { readonly outcome: Pick<Outcome, 'status'> }

function rowOf(stream: Billed, measure: Measured, charge: Charge): UsageRow {
  const last = charge.tries.at(-1)
  return {
    stream: stream.streamId,
    createdAt: stream.createdAt,
    owner: stream.owner,
    model: stream.model,
    provider: last?.provider ?? 'none',
    targetModel: last?.model ?? '',
    charged: charge.tries.length,
    unpriced: charge.unpriced,
    promptTokens: charge.promptTokens,
    cachedTokens: charge.cachedTokens,
    completionTokens: charge.completionTokens,
    reasoningTokens: charge.reasoningTokens,
    nanoDollars: charge.nanoDollars,
    priceSource: charge.priceSource,
    estimated: charge.isEstimated,
    outcome: measure.outcome.status,
    ttft: measure.ttft ?? null,
    duration: measure.duration,
  }
}

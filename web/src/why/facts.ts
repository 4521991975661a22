import type { Answer } from '../../../src/chat/index.ts'
import type { Texts } from '../texts/en.ts'

/** What happened on the way, ready to be shown. */
export interface TimelineRow {
  /** Milliseconds since the stream began. */
  readonly at: number
  readonly type: string
  readonly facts: string
}

/** What the gateway tells of a stream. */
export interface Snapshot {
  readonly status: string
  readonly timeline: readonly TimelineRow[]
  readonly attempts: number
  readonly providers: readonly string[]
  readonly seams: readonly string[]
  /** What it cost all in all, rescues too; `undefined` until it has ended, or for who does not own it. */
  readonly charge: Charge | undefined
}

/** What a stream cost by the gateway's books. */
export interface Charge {
  /** US dollars; `undefined` where a price is not known. */
  readonly dollars: number | undefined
  /** Some of its tokens were counted by the gateway, because the provider did not tell. */
  readonly isEstimated: boolean
  /** Where the price is from. */
  readonly source: string
  readonly input: number
  readonly output: number
}

/** Reads `GET /v1/streams/{id}?format=json`. A newer or older gateway may say other things. */
export function readSnapshot(answer: unknown): Snapshot {
  const fields = asFields(answer)
  const events = (Array.isArray(fields['timeline']) ? fields['timeline'] : []).map(asFields)
  const of = (type: string): readonly Fields[] => events.filter((event) => event['type'] === type)
  return {
    status: typeof fields['status'] === 'string' ? fields['status'] : '',
    timeline: events.map(({ at, type, ...facts }) => ({
      at: typeof at === 'number' ? at : 0,
      type: String(type),
      facts: Object.entries(facts)
        .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
        .join(', '),
    })),
    attempts: of('attempt').length,
    providers: [...new Set(of('attempt').map(({ provider }) => String(provider)))],
    seams: of('seam').map(({ mode, overlap }) => `${String(mode)}, ${String(overlap)}`),
    charge: fields['charge'] === undefined ? undefined : readCharge(asFields(fields['charge'])),
  }
}

function readCharge(fields: Fields): Charge {
  const number = (name: string): number | undefined => {
    const value = fields[name]
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  }
  return {
    dollars: number('cost'),
    isEstimated: fields['estimated'] === true,
    source: typeof fields['price_source'] === 'string' ? fields['price_source'] : '',
    input: number('prompt_tokens') ?? 0,
    output: number('completion_tokens') ?? 0,
  }
}

/** The facts of an answer, in the order in which one asks for them. */
export function factsOf(
  answer: Answer,
  snapshot: Snapshot | undefined,
  texts: Texts,
  language: string,
): readonly (readonly [name: string, value: string])[] {
  const { usage, timings } = answer
  const rows: (readonly [string, string])[] = [[texts.model, answer.settings.model]]
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  const time = (ms: number): string => (ms < 1_000 ? `${number.format(ms)} ms` : `${number.format(ms / 1_000)} s`)
  rows.push([texts.status, snapshot?.status || answer.status])
  if (snapshot !== undefined) {
    rows.push([texts.attempts, `${snapshot.attempts} · ${snapshot.providers.join(', ')}`])
    rows.push([texts.seam, snapshot.seams.join('; ') || texts.seamNone])
  }
  if (timings.firstTokenMs !== undefined) rows.push([texts.ttft, time(timings.firstTokenMs)])
  if (timings.totalMs !== undefined) rows.push([texts.total, time(timings.totalMs)])
  const speed = speedOf(answer)
  if (speed !== undefined) rows.push([texts.speed, texts.tokensPerSecond(number.format(speed))])
  if (usage !== undefined) {
    rows.push([texts.tokens, texts.tokensInOut(usage.prompt_tokens, usage.completion_tokens)])
    rows.push([texts.cache, texts.cacheTokens(usage.prompt_tokens_details?.cached_tokens ?? 0)])
  } else if (snapshot?.charge !== undefined) {
    rows.push([texts.tokens, texts.tokensInOut(snapshot.charge.input, snapshot.charge.output)])
  }
  rows.push([texts.cost, costOf(answer, snapshot, texts, language)])
  rows.push([texts.resumed, texts.times(answer.resumed)])
  return rows
}

/** Tokens per second from the first to the last; chunks are counted where the service counted nothing. */
export function speedOf({ usage, timings }: Answer): number | undefined {
  const { firstTokenMs, totalMs, arrivals } = timings
  if (firstTokenMs === undefined || totalMs === undefined) return undefined
  const seconds = (totalMs - firstTokenMs) / 1_000
  const tokens = usage?.completion_tokens ?? arrivals.length
  return seconds > 0.01 && tokens > 1 ? (tokens - 1) / seconds : undefined
}

/** By the gateway's books; by what the service said of itself where there are none. Never a guess of ours. */
function costOf(answer: Answer, snapshot: Snapshot | undefined, texts: Texts, language: string): string {
  if (snapshot?.providers.length === 1 && snapshot.providers[0] === 'simulator') return texts.costNone
  const { dollars, isEstimated, source } = snapshot?.charge ?? { dollars: answer.cost, isEstimated: false, source: '' }
  const sum = money(dollars, language)
  if (sum === undefined) return texts.costUnknown
  return `${isEstimated ? '≈ ' : ''}${sum}${source === '' ? '' : ` · ${source}`}`
}

function money(dollars: number | undefined, language: string): string | undefined {
  if (dollars === undefined) return undefined
  return new Intl.NumberFormat(language, { style: 'currency', currency: 'USD', maximumSignificantDigits: 3 }).format(
    dollars,
  )
}

type Fields = Readonly<Record<string, unknown>>

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

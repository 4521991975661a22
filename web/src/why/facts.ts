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
  }
  const isSimulated = snapshot?.providers.length === 1 && snapshot.providers[0] === 'simulator'
  rows.push([texts.cost, isSimulated ? texts.costNone : (money(answer.cost, language) ?? texts.costUnknown)])
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

import { asFields, listOf, maybeNumber, numberOf, textOf, type Fields } from './fields.ts'

/** Three percentiles in milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly count: number
}

/** What ended in one stretch of time. */
export interface Point {
  /** Seconds since 1970. */
  readonly at: number
  readonly completed: number
  readonly failed: number
  readonly cancelled: number
  readonly rescued: number
  readonly ttft: Percentiles | undefined
  readonly interToken: Percentiles | undefined
}

/** What was used in one stretch of time, by whom and of what. */
export interface UsedPoint {
  /** Seconds since 1970. */
  readonly at: number
  readonly key: string
  readonly model: string
  readonly tokens: number
  readonly dollars: number
  readonly unpriced: number
}

/** How tries of one provider went. */
export interface ProviderFigures {
  readonly provider: string
  readonly attempts: number
  readonly failed: number
  readonly rescues: number
  readonly rescued: number
  readonly codes: readonly (readonly [code: string, count: number])[]
}

/** The last hour or day (`GET /admin/v1/history`). Times in seconds. */
export interface History {
  readonly step: number
  readonly from: number
  readonly to: number
  readonly started: number
  readonly points: readonly Point[]
  readonly usage: readonly UsedPoint[]
  readonly providers: readonly ProviderFigures[]
  readonly total: Point
}

export function readHistory(answer: unknown): History {
  const fields = asFields(answer)
  return {
    step: numberOf(fields['step']),
    from: numberOf(fields['from']),
    to: numberOf(fields['to']),
    started: numberOf(fields['started']),
    points: listOf(fields['points']).map(readPoint),
    usage: listOf(fields['usage']).map((each) => readUsed(each, numberOf(each['at']))),
    providers: listOf(fields['providers']).map(readProvider),
    total: readPoint(asFields(fields['total'])),
  }
}

/** `GET /admin/v1/usage?group_by=day,…`. */
export function readDays(answer: unknown): readonly UsedPoint[] {
  return listOf(asFields(answer)['data']).map((each) => readUsed(each, Date.parse(textOf(each['day'])) / 1_000))
}

function readUsed(fields: Fields, at: number): UsedPoint {
  return {
    at,
    key: textOf(fields['key']),
    model: textOf(fields['model']),
    tokens: numberOf(fields['prompt_tokens']) + numberOf(fields['completion_tokens']),
    dollars: numberOf(fields['nano_dollars']) / 1e9,
    unpriced: numberOf(fields['unpriced']),
  }
}

function readPoint(fields: Fields): Point {
  return {
    at: numberOf(fields['at']),
    completed: numberOf(fields['completed']),
    failed: numberOf(fields['failed']),
    cancelled: numberOf(fields['cancelled']),
    rescued: numberOf(fields['rescued']),
    ttft: readPercentiles(fields['ttft_ms']),
    interToken: readPercentiles(fields['inter_token_ms']),
  }
}

function readPercentiles(value: unknown): Percentiles | undefined {
  const fields = asFields(value)
  if (maybeNumber(fields['count']) === undefined) return undefined
  return {
    p50: numberOf(fields['p50']),
    p95: numberOf(fields['p95']),
    p99: numberOf(fields['p99']),
    count: numberOf(fields['count']),
  }
}

function readProvider(fields: Fields): ProviderFigures {
  const codes = Object.entries(asFields(fields['codes'])).map(([code, count]) => [code, numberOf(count)] as const)
  return {
    provider: textOf(fields['provider']),
    attempts: numberOf(fields['attempts']),
    failed: numberOf(fields['failed']),
    rescues: numberOf(fields['rescues']),
    rescued: numberOf(fields['rescued']),
    codes: codes.toSorted(([, a], [, b]) => b - a),
  }
}

import { asFields, listOf, maybeNumber, maybeText, numberOf, textOf, type Fields } from './fields.ts'

/** A stream that is being produced. Times in milliseconds. */
export interface OpenStream {
  readonly id: string
  readonly key: string
  readonly model: string
  readonly provider: string
  readonly targetModel: string | undefined
  readonly attempts: number
  readonly rescued: boolean
  readonly state: string
  readonly chunks: number
  readonly age: number
  readonly idle: number
  readonly readers: number
}

/** One target's breaker. Times in milliseconds. */
export interface Breaker {
  readonly provider: string
  readonly model: string
  readonly state: string
  readonly since: number | undefined
  readonly retryIn: number | undefined
  readonly tries: number
  readonly failures: number
}

/** One set of limits and what counts against it now. */
export interface LimitUse {
  readonly scope: string
  readonly name: string
  readonly pairs: readonly (readonly [used: number, of: number | undefined])[]
  readonly waiting: number
}

/** How the gateway is now (`GET /admin/v1/overview`). */
export interface Overview {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly started: number
  readonly draining: boolean
  readonly streams: number
  readonly waiting: number
  readonly open: readonly OpenStream[]
  readonly breakers: readonly Breaker[]
  readonly limits: readonly LimitUse[]
  /** Why something is not kept as promised. */
  readonly degraded: string | undefined
  /** When another configuration could not be read, milliseconds since 1970. */
  readonly configFailed: number | undefined
}

export function readOverview(answer: unknown): Overview {
  const fields = asFields(answer)
  const health = asFields(fields['health'])
  const failed = maybeNumber(health['config_failed'])
  return {
    now: numberOf(fields['now']),
    started: numberOf(fields['started']) * 1_000,
    draining: fields['draining'] === true,
    streams: numberOf(fields['streams']),
    waiting: numberOf(fields['waiting']),
    open: listOf(fields['open']).map(readOpen),
    breakers: listOf(fields['breakers']).map(readBreaker),
    limits: listOf(fields['limits']).map(readLimit),
    degraded: maybeText(health['log']) ?? maybeText(health['ledger']),
    configFailed: failed === undefined ? undefined : failed * 1_000,
  }
}

function readOpen(fields: Fields): OpenStream {
  return {
    id: textOf(fields['id']),
    key: textOf(fields['key']),
    model: textOf(fields['model']),
    provider: textOf(fields['provider']),
    targetModel: maybeText(fields['target_model']),
    attempts: numberOf(fields['attempts']),
    rescued: fields['rescued'] === true,
    state: textOf(fields['state']),
    chunks: numberOf(fields['chunks']),
    age: numberOf(fields['age_ms']),
    idle: numberOf(fields['idle_ms']),
    readers: numberOf(fields['readers']),
  }
}

function readBreaker(fields: Fields): Breaker {
  return {
    provider: textOf(fields['provider']),
    model: textOf(fields['model']),
    state: textOf(fields['state']),
    since: maybeNumber(fields['since_ms']),
    retryIn: maybeNumber(fields['retry_in_ms']),
    tries: numberOf(fields['tries']),
    failures: numberOf(fields['failures']),
  }
}

function readLimit(fields: Fields): LimitUse {
  const pair = (used: string, of: string): readonly [number, number | undefined] => [
    numberOf(fields[used]),
    maybeNumber(fields[of]),
  ]
  return {
    scope: textOf(fields['scope']),
    name: textOf(fields['name']),
    pairs: [
      pair('requests', 'requests_per_minute'),
      pair('tokens', 'tokens_per_minute'),
      pair('running', 'max_concurrent'),
    ],
    waiting: numberOf(fields['waiting']),
  }
}

/** One thing that happened while a stream was produced. */
export interface TimelineEvent {
  /** Milliseconds since the stream began. */
  readonly at: number
  readonly type: string
  readonly facts: Fields
}

/** A stream that has ended, or one that is shown with what happened. Times in milliseconds. */
export interface Stream {
  readonly id: string
  readonly key: string
  readonly model: string
  readonly status: string
  /** Milliseconds since 1970. */
  readonly created: number
  readonly provider: string
  readonly attempts: number
  readonly rescued: boolean
  readonly ttft: number | undefined
  readonly duration: number | undefined
  readonly charge: Charge | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
  readonly timeline: readonly TimelineEvent[]
}

/** What a stream used and cost. */
export interface Charge {
  readonly input: number
  readonly output: number
  /** US dollars; `undefined` where a price is not known. */
  readonly dollars: number | undefined
  readonly isEstimated: boolean
  readonly source: string
}

export function readStreams(answer: unknown): readonly Stream[] {
  return listOf(asFields(answer)['data']).map(readStream)
}

export function readStream(answer: unknown): Stream {
  const fields = asFields(answer)
  const error = asFields(fields['error'])
  return {
    id: textOf(fields['id']),
    key: textOf(fields['key']),
    model: textOf(fields['model']),
    status: textOf(fields['status']),
    created: numberOf(fields['created']) * 1_000,
    provider: textOf(fields['provider']),
    attempts: numberOf(fields['attempts']),
    rescued: fields['rescued'] === true,
    ttft: maybeNumber(fields['ttft_ms']),
    duration: maybeNumber(fields['duration_ms']),
    charge: fields['charge'] === undefined ? undefined : readCharge(asFields(fields['charge'])),
    error:
      fields['error'] === undefined
        ? undefined
        : { code: textOf(error['code']) || textOf(error['type']), message: textOf(error['message']) },
    timeline: listOf(fields['timeline']).map(({ at, type, ...facts }) => ({
      at: numberOf(at),
      type: textOf(type),
      facts,
    })),
  }
}

function readCharge(fields: Fields): Charge {
  return {
    input: numberOf(fields['prompt_tokens']),
    output: numberOf(fields['completion_tokens']),
    dollars: maybeNumber(fields['cost']),
    isEstimated: fields['estimated'] === true,
    source: textOf(fields['price_source']),
  }
}

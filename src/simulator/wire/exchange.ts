import type { ChatRequest } from '../answer/chat-request.ts'
import type { Plan } from '../answer/plan.ts'
import type { ModelSpec } from '../model-name.ts'
import type { Random } from '../text/random.ts'
import { Frames } from './frames.ts'
import type { Identity } from './frames.ts'
import type { Headers } from './op.ts'
import { randomText, randomUuid, shapeOf } from './shape.ts'
import type { Shape } from './shape.ts'

/** One request and everything its response is made from. */
export interface Exchange {
  readonly request: ChatRequest
  readonly spec: ModelSpec
  readonly plan: Plan
  readonly identity: Identity
  readonly shape: Shape
  readonly random: Random
  readonly headers: Headers
  /** How many requests for this very model name came before, in this simulator. */
  readonly before: number
  /** True when the answer goes out as events; faults make it differ from `request.stream`. */
  readonly events: boolean
  /** Every tool call has index 0. */
  readonly sameIndex: boolean
  /** The address of this simulator, `http://127.0.0.1:9090`. */
  readonly origin: string
}

/** What an exchange is made from. */
export interface ExchangeParts {
  readonly request: ChatRequest
  readonly spec: ModelSpec
  readonly plan: Plan
  readonly before: number
  readonly origin: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly random: Random
}

/** A healthy exchange; faults are applied to it. */
export function makeExchange(parts: ExchangeParts): Exchange {
  const { request, spec, random } = parts
  const shape = shapeOf(spec.shape)
  const identity = { id: shape.newId(random), created: Math.floor(parts.now / 1_000), model: spec.name }
  return {
    request,
    spec,
    plan: parts.plan,
    identity,
    shape,
    random,
    headers: headersOf(random, parts.plan.promptTokens),
    before: parts.before,
    events: request.stream,
    sameIndex: false,
    origin: parts.origin,
  }
}

/** The frames of an exchange, as its faults have left it. */
export function framesOf(exchange: Exchange): Frames {
  const { shape, identity, plan, spec, request, random } = exchange
  return new Frames({
    shape,
    identity,
    plan,
    random,
    usage: spec.usage,
    includeUsage: request.includeUsage,
    obfuscation: request.obfuscation,
  })
}

/** A call id as OpenAI makes them. */
export function callId(random: Random): string {
  return `call_${randomText(random, 24)}`
}

function headersOf(random: Random, promptTokens: number): Headers {
  return {
    'x-request-id': `req_${randomUuid(random).replaceAll('-', '')}`,
    'openai-processing-ms': String(80 + random.below(200)),
    'x-ratelimit-limit-requests': '10000',
    'x-ratelimit-limit-tokens': '30000000',
    'x-ratelimit-remaining-requests': '9999',
    'x-ratelimit-remaining-tokens': String(Math.max(30_000_000 - promptTokens, 0)),
    'x-ratelimit-reset-requests': '6ms',
    'x-ratelimit-reset-tokens': '12ms',
  }
}

/** Everything about a response that is decided before its first byte. */
import { SluiceError } from '../../errors.ts'
import { MAX_TOKENS, parseModel } from '../model-name.ts'
import type { ModelSpec } from '../model-name.ts'
import { composeThoughts } from '../text/compose.ts'
import { hash } from '../text/random.ts'
import { countTokens, tokenize } from '../text/tokenize.ts'
import type { ChatRequest, Effort } from './chat-request.ts'
import { readChatRequest } from './read-request.ts'
import { resolve } from './resolve.ts'
import type { Compose } from './resolve.ts'
import { chooseCalls } from './tool-choice.ts'

/** Why an answer ends. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** A call with its arguments in pieces. */
export interface PlannedCall {
  readonly name: string
  readonly pieces: readonly string[]
}

/** One choice of a response. */
export interface ChoicePlan {
  readonly reasoning: readonly string[]
  readonly content: readonly string[]
  readonly calls: readonly PlannedCall[]
  readonly finish: FinishReason
  /** The stop string that ended it. */
  readonly stoppedBy: string | undefined
}

/** A whole response. */
export interface Plan {
  readonly choices: readonly ChoicePlan[]
  readonly promptTokens: number
  /** Reasoning, content and calls of all choices. */
  readonly completionTokens: number
  readonly reasoningTokens: number
}

/** What a plan may need beside the request. */
export interface PlanOptions {
  /** Used when neither the model's name nor the request has a seed; 0 unless told. */
  readonly seed?: number | undefined
  readonly compose?: Compose | undefined
}

/** A chat request as OpenAI clients send it. */
export interface ChatBody {
  readonly model: string
  readonly messages: readonly unknown[]
  readonly [field: string]: unknown
}

const EFFORT_TOKENS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 12,
  low: 24,
  medium: 48,
  high: 96,
  xhigh: 160,
  max: 240,
}

/**
 * The text a healthy model gives to a request (choice 0), to compare with what arrived.
 *
 * @param request - the body of a chat request; continuations give the rest of the answer
 * @param options - `seed`: the seed of the simulator that is compared with, 0 unless told
 * @example
 * answerFor({ model: 'sim:tokens=200', messages: [{ role: 'user', content: 'Tell me a story' }] })
 * @throws SluiceError `invalid_value` for what the simulator would refuse.
 */
export function answerFor(request: ChatBody, options: { readonly seed?: number | undefined } = {}): string {
  const chat = readChatRequest(request)
  const plan = planResponse({ ...chat, n: 1 }, parseModel(chat.model), options)
  return plan.choices[0]?.content.join('') ?? ''
}

/**
 * Plans the response to a checked request.
 *
 * @throws SluiceError `invalid_value` (param `n`) for more text than one request may ask for.
 */
export function planResponse(request: ChatRequest, spec: ModelSpec, options: PlanOptions = {}): Plan {
  const seed = spec.seed ?? request.seed ?? options.seed ?? 0
  if (request.n * ((spec.tokens ?? 0) + spec.reasoning) > MAX_TOKENS) {
    throw new SluiceError('invalid_value', `n times tokens must be at most ${MAX_TOKENS}`, { param: 'n' })
  }
  const choices = Array.from({ length: request.n }, (_, index) =>
    planChoice(request, spec, (seed + index) >>> 0, options.compose),
  )
  const sum = (count: (choice: ChoicePlan) => number): number => choices.reduce((all, one) => all + count(one), 0)
  return {
    choices,
    promptTokens: promptTokens(request),
    completionTokens: sum(tokensOf),
    reasoningTokens: sum((choice) => choice.reasoning.length),
  }
}

/** All tokens of a choice. */
export function tokensOf(choice: ChoicePlan): number {
  const called = choice.calls.reduce((all, call) => all + call.pieces.length + 1, 0)
  return choice.reasoning.length + choice.content.length + called
}

function planChoice(request: ChatRequest, spec: ModelSpec, seed: number, compose: Compose | undefined): ChoicePlan {
  const said = resolve(request.turns, { spec, seed, format: request.format, compose })
  const limit = request.maxTokens ?? Number.POSITIVE_INFINITY
  const thoughts = said.kind === 'fresh' ? reasoningTokens(request, spec) : 0
  const reasoning = composeThoughts(said.question, seed, thoughts).slice(0, limit)
  const calls = callsOf(request, said.kind === 'fresh' ? said.question.text : undefined, seed)
  if (calls.length > 0) return { reasoning, content: [], calls, finish: 'tool_calls', stoppedBy: undefined }
  const within = said.tokens.slice(0, Math.max(limit - reasoning.length, 0))
  const stopped = cutAtStop(within, request.stop)
  if (stopped !== undefined)
    return { reasoning, content: stopped.tokens, calls: [], finish: 'stop', stoppedBy: stopped.by }
  const short = within.length < said.tokens.length || reasoning.length < thoughts
  return { reasoning, content: within, calls: [], finish: short ? 'length' : 'stop', stoppedBy: undefined }
}

function callsOf(request: ChatRequest, question: string | undefined, seed: number): readonly PlannedCall[] {
  // After a tool has answered it is time for text, or the conversation never ends.
  if (question === undefined || request.turns.at(-1)?.role !== 'user') return []
  return chooseCalls(request, question, seed).map((call) => ({ name: call.name, pieces: tokenize(call.arguments) }))
}

function reasoningTokens(request: ChatRequest, spec: ModelSpec): number {
  return spec.reasoning > 0 ? spec.reasoning : EFFORT_TOKENS[request.effort ?? 'none']
}

/** What stands before the first stop string, found across token edges. */
function cutAtStop(
  tokens: readonly string[],
  stops: readonly string[],
): { readonly tokens: readonly string[]; readonly by: string } | undefined {
  if (stops.length === 0) return undefined
  const text = tokens.join('')
  const found = stops.map((by) => ({ by, at: text.indexOf(by) })).filter(({ at }) => at >= 0)
  const first = found.sort((a, b) => a.at - b.at || b.by.length - a.by.length)[0]
  if (first === undefined) return undefined
  const kept: string[] = []
  let left = first.at
  for (const token of tokens) {
    if (left <= 0) break
    kept.push(token.slice(0, left))
    left -= token.length
  }
  return { tokens: kept, by: first.by }
}

/** As a chat template would make them: four more per message, three to start the answer. */
function promptTokens(request: ChatRequest): number {
  const turns = request.turns.reduce((all, turn) => all + countTokens(turn.text) + 4, 3)
  const tools = request.tools.length === 0 ? 0 : countTokens(JSON.stringify(request.tools))
  return turns + tools
}

/** A number for anything: digits as they are, other seeds by their hash. */
export function seedNumber(seed: number | string | undefined): number {
  if (seed === undefined) return 0
  if (typeof seed === 'number') return seed >>> 0
  return /^\d{1,15}$/.test(seed) ? Number(seed) >>> 0 : hash(seed)
}

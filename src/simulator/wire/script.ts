/** A healthy response, step by step. */
import type { ChoicePlan } from '../answer/plan.ts'
import { tokensOf } from '../answer/plan.ts'
import { DEFAULT_FIRST, DEFAULT_INTERVAL } from '../pace.ts'
import { AZURE_FIRST, AZURE_LAST } from './decorate.ts'
import { callId, framesOf } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import type { Frames } from './frames.ts'
import { logprobOf } from './logprobs.ts'
import type { Op, Send } from './op.ts'
import { usageOf } from './usage.ts'
import type { Progress } from './usage.ts'

/** One delta of a choice, before it is a frame. */
type Piece =
  | { readonly kind: 'content' | 'reasoning'; readonly text: string }
  | {
      readonly kind: 'call'
      readonly index: number
      readonly id?: string
      readonly name?: string
      readonly text: string
    }

/** The response of a healthy model, as a stream or as JSON. */
export function scriptOf(exchange: Exchange): Iterable<Op> {
  return exchange.events ? streamScript(exchange) : jsonScript(exchange)
}

/** The `token` steps of the response: places of faults are counted in them. */
export function tokenSteps(exchange: Exchange): number {
  const { plan } = exchange
  if (!exchange.events) return Math.max(plan.completionTokens, 1)
  return plan.choices.reduce((sum, choice) => sum + new Pieces(choice, exchange).length, 0)
}

function* streamScript(exchange: Exchange): Generator<Op> {
  const { plan, shape, spec, headers } = exchange
  const frames = framesOf(exchange)
  yield {
    kind: 'head',
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers },
    framing: 'chunked',
  }
  if (shape.comment !== undefined) yield send('other', frames.comment(shape.comment))
  if (spec.shape === 'azure') yield send('other', frames.data(JSON.stringify(AZURE_FIRST)))
  for (const index of plan.choices.keys()) {
    const role = frames.role(index)
    if (role !== '') yield send('role', role)
  }
  yield* interleaved(exchange, frames)
  if (spec.shape === 'azure') yield send('other', frames.data(JSON.stringify(AZURE_LAST)))
  const usage = frames.usage()
  if (usage !== '') yield send('usage', usage)
  const done = frames.done()
  if (done !== '') yield send('done', done)
}

/** The choices side by side, one delta each in turn, each closed when it has no more. */
function* interleaved(exchange: Exchange, frames: Frames): Generator<Op> {
  const { plan } = exchange
  const queues = plan.choices.map((choice, index) => ({ choice, index, pieces: new Pieces(choice, exchange), at: 0 }))
  let [open, completion, reasoning] = [queues.length, 0, 0]
  while (open > 0) {
    for (const queue of queues) {
      const piece = queue.pieces.at(queue.at)
      if (piece !== undefined) {
        completion++
        if (piece.kind === 'reasoning') reasoning++
        yield send('token', frameOf(piece, queue.index, queue.at, exchange, frames, { completion, reasoning }))
      } else if (queue.at === queue.pieces.length) {
        open--
        yield send('finish', frames.finish(queue.index, queue.choice, open === 0, queue.choice.finish))
      }
      queue.at++
    }
  }
}

function frameOf(
  piece: Piece,
  index: number,
  at: number,
  exchange: Exchange,
  frames: Frames,
  progress: Progress,
): string {
  if (piece.kind === 'call') {
    const place = exchange.sameIndex ? 0 : piece.index
    return frames.call(index, { index: place, id: piece.id, name: piece.name, arguments: piece.text }, progress)
  }
  const top = exchange.request.topLogprobs
  const words = exchange.plan.choices[index]?.content ?? []
  const logprobs = top === undefined || piece.kind === 'reasoning' ? undefined : logprobOf(piece.text, at, top, words)
  return frames.token(index, piece.kind, piece.text, logprobs, progress)
}

/** The deltas of a choice in order, made one by one: an answer may have 200,000. */
class Pieces {
  readonly length: number
  readonly #choice: ChoicePlan
  readonly #calls: readonly Piece[]

  constructor(choice: ChoicePlan, exchange: Exchange) {
    this.#choice = choice
    this.#calls = choice.calls.flatMap((call, index): readonly Piece[] => {
      const head = { kind: 'call', index, id: callId(exchange.random), name: call.name } as const
      if (exchange.shape.calls !== 'pieces') return [{ ...head, text: call.pieces.join('') }]
      return [{ ...head, text: '' }, ...call.pieces.map((text): Piece => ({ kind: 'call', index, text }))]
    })
    this.length = choice.reasoning.length + choice.content.length + this.#calls.length
  }

  at(index: number): Piece | undefined {
    const { reasoning, content } = this.#choice
    const thought = reasoning[index]
    if (thought !== undefined) return { kind: 'reasoning', text: thought }
    const text = content[index - reasoning.length]
    if (text !== undefined) return { kind: 'content', text }
    return this.#calls[index - reasoning.length - content.length]
  }
}

/** The whole completion at once, after the time that generating it takes. */
function* jsonScript(exchange: Exchange): Generator<Op> {
  const { spec, plan, headers } = exchange
  const longest = Math.max(...plan.choices.map(tokensOf))
  const ms = (spec.first ?? DEFAULT_FIRST) + (spec.interval ?? DEFAULT_INTERVAL) * longest
  if (ms > 0) yield { kind: 'wait', ms }
  const body = completionJson(exchange)
  const bytes = new TextEncoder().encode(body)
  const framing = bytes.length
  yield { kind: 'head', status: 200, headers: { 'content-type': 'application/json', ...headers }, framing }
  // In as many pieces as it has tokens, so that faults have their place in JSON too; they leave together.
  const steps = tokenSteps(exchange)
  const size = Math.ceil((bytes.length - 1) / steps)
  for (let i = 0; i < steps; i++) {
    yield { kind: 'send', part: 'token', data: bytes.subarray(i * size, Math.min((i + 1) * size, bytes.length - 1)) }
  }
  yield { kind: 'send', part: 'finish', data: bytes.subarray(bytes.length - 1) }
}

function completionJson(exchange: Exchange): string {
  const { plan, identity, shape, spec } = exchange
  const { id, created, model } = identity
  const choices = plan.choices.map((choice, index) => ({
    index,
    message: messageOf(choice, exchange),
    logprobs: logprobsOf(choice, exchange),
    finish_reason: choice.finish,
  }))
  const mode = shape.usageExcludesReasoning ? 'no-reasoning' : spec.usage
  const usage = spec.usage === 'none' ? {} : { usage: usageOf(plan, mode) }
  const json = JSON.stringify({ id, object: 'chat.completion', created, model, choices, ...usage, ...shape.fields })
  // DeepSeek keeps the connection alive with empty lines before the JSON.
  return spec.shape === 'deepseek' ? `\n\n${json}` : json
}

function messageOf(choice: ChoicePlan, exchange: Exchange): unknown {
  const { shape, random } = exchange
  const content = choice.calls.length > 0 ? null : choice.content.join('')
  const field = shape.reasoning === 'thinking' ? 'reasoning_content' : shape.reasoning
  const reasoning = choice.reasoning.length === 0 ? {} : { [field]: choice.reasoning.join('') }
  const calls = choice.calls.map((call) => ({
    id: callId(random),
    type: 'function',
    function: { name: call.name, arguments: call.pieces.join('') },
  }))
  return { role: 'assistant', content, refusal: null, ...reasoning, ...(calls.length > 0 && { tool_calls: calls }) }
}

function logprobsOf(choice: ChoicePlan, exchange: Exchange): unknown {
  const top = exchange.request.topLogprobs
  if (top === undefined) return null
  const each = choice.content.map((token, at) => logprobOf(token, at, top, choice.content))
  return { content: each.flatMap((one) => one.content), refusal: null }
}

/** Bytes of the body. */
export function send(part: Send['part'], data: string): Send {
  return { kind: 'send', part, data }
}

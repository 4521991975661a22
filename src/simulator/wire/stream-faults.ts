import type { StreamFault } from '../faults.ts'
import type { ChoicePlan, Plan } from '../answer/plan.ts'
import { tokensOf } from '../answer/plan.ts'
import { atToken, without } from './at-token.ts'
import type { Exchange } from './exchange.ts'
import { framesOf } from './exchange.ts'
import { jsonError } from './http-faults.ts'
import type { Behaviour } from './behaviour.ts'
import type { Op } from './op.ts'
import { MID_STREAM_ERROR } from './refusals.ts'
import { send } from './script.ts'

const HUGE = 16 * 1024 * 1024
const LINE_PIECE = 'a'.repeat(16 * 1024)
const COMMENT_EVERY = 100

/** Faults in the events of a stream. For JSON answers the errors become an error in JSON. */
export const STREAM_FAULTS: Readonly<Record<StreamFault, Behaviour>> = {
  malformed: {
    wrap: (ops, x, at) => atToken(ops, at, () => [send('other', brokenEvent(x))], true),
  },
  'no-done': { wrap: (ops) => without(ops, 'done') },
  'no-finish': { wrap: (ops) => without(ops, 'finish', 'usage', 'done') },
  'error-object': failing((x) => framesOf(x).data(JSON.stringify({ error: MID_STREAM_ERROR }))),
  'error-event': failing((x) => `event: error\n${framesOf(x).data(JSON.stringify({ error: MID_STREAM_ERROR }))}`),
  'error-field': failing(() => `error: ${JSON.stringify(LLAMA_ERROR)}\n\ndata: [DONE]\n\n`),
  'error-string': failing((x) => framesOf(x).data(JSON.stringify({ error: MID_STREAM_ERROR['message'] }))),
  'error-then-done': failing((x) => {
    const frames = framesOf(x)
    return frames.data(JSON.stringify({ error: { ...MID_STREAM_ERROR, code: 500 } })) + frames.data('[DONE]')
  }),
  'content-filter': { tune: (x, at) => ({ ...x, plan: filtered(x.plan, at) }) },
  'huge-event': {
    wrap: (ops, x, at) => atToken(ops, at, () => [send('other', hugeEvent(x))], true),
  },
  'unterminated-line': {
    wrap: (ops, x, at) => atToken(ops, at, () => unterminated(x)),
  },
  'endless-comments': {
    wrap: (ops, x, at) => atToken(ops, at, () => comments(x, Number.POSITIVE_INFINITY)),
  },
  endless: { wrap: (ops, x) => endless(ops, x) },
  'comments-first': {
    wrap: (ops, x, ms) => atToken(ops, 0, () => comments(x, ms), true),
  },
  'duplicate-tool-index': { tune: (x) => ({ ...x, sameIndex: true }) },
}

const LLAMA_ERROR = {
  code: 500,
  message: 'the request exceeds the available context size. try increasing the context size or enable context shift',
  type: 'server_error',
}

function failing(event: (exchange: Exchange) => string): Required<Pick<Behaviour, 'wrap'>> {
  return {
    wrap: (ops, x, at) => (x.events ? atToken(ops, at, () => [send('other', event(x))]) : jsonError()),
  }
}

/** A chunk that stops in the middle of its text. */
function brokenEvent(exchange: Exchange): string {
  const { id } = exchange.identity
  const start = `{"id":"${id}","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"brok`
  return exchange.events ? framesOf(exchange).data(start) : start
}

/** A chunk without text, but with 16 MiB of something else. */
function hugeEvent(exchange: Exchange): string {
  const { id, created, model } = exchange.identity
  const choices = [{ index: 0, delta: {}, finish_reason: null }]
  const chunk = { id, object: 'chat.completion.chunk', created, model, choices, padding: 'x'.repeat(HUGE) }
  return exchange.events ? framesOf(exchange).data(JSON.stringify(chunk)) : ' '.repeat(HUGE)
}

function* unterminated(exchange: Exchange): Generator<Op> {
  yield send('other', `data: {"id":"${exchange.identity.id}","padding":"`)
  for (;;) {
    yield send('other', LINE_PIECE)
    yield { kind: 'wait', ms: 5 }
  }
}

function* comments(exchange: Exchange, ms: number): Generator<Op> {
  const text = exchange.events ? framesOf(exchange).comment('keep-alive') : '\n'
  for (let waited = 0; waited < ms; waited += COMMENT_EVERY) {
    yield send('other', text)
    yield { kind: 'wait', ms: Math.min(COMMENT_EVERY, ms - waited) }
  }
}

/** The text again and again where the finish_reason should be. */
function* endless(ops: Iterable<Op>, exchange: Exchange): Generator<Op> {
  const frames = framesOf(exchange)
  const content = exchange.plan.choices[0]?.content ?? []
  const words = content.length === 0 ? [' again'] : content
  const progress = { completion: exchange.plan.completionTokens, reasoning: exchange.plan.reasoningTokens }
  for (const op of ops) {
    if (op.kind === 'head') yield { ...op, framing: 'chunked' }
    else if (op.kind === 'send' && op.part === 'finish') break
    else yield op
  }
  if (exchange.events) frames.role(0)
  for (;;) {
    for (const word of words) {
      yield send('token', exchange.events ? frames.token(0, 'content', word, undefined, progress) : ' ')
    }
  }
}

function filtered(plan: Plan, at: number): Plan {
  const choices = plan.choices.map((choice): ChoicePlan => {
    if (choice.content.length < at) return choice
    return { ...choice, content: choice.content.slice(0, at), finish: 'content_filter' }
  })
  return { ...plan, choices, completionTokens: choices.reduce((sum, choice) => sum + tokensOf(choice), 0) }
}

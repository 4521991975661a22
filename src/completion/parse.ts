/** Events to chunks: what each event of an answer is. JSON is parsed once; the rest is a few looks. */

import { SseDecoder } from '../sse/decode.ts'
import type { SseEvent } from '../sse/event.ts'
import type { ChatCompletionChunk, Delta, Usage } from './chunk.ts'
import { isObject, parseJson, said, type JsonObject } from './json.ts'
import { errorOfText, findError, findWholeError, plainError, type ParsedError } from './provider-error.ts'
import { isChunk, MAX_CHOICES, repairChunk } from './repair.ts'
import type { Around } from './text-path.ts'
import { usageOf } from './usage.ts'
import { completionToChunks, isCompletion } from './whole.ts'

export type { ParsedError } from './provider-error.ts'

/** What one event of an answer is. */
export type Parsed = ParsedChunk | ParsedDone | ParsedError | ParsedOther | ParsedMalformed | ParsedEmpty

/** A chunk. */
export interface ParsedChunk {
  readonly type: 'chunk'
  /** The chunk, its known deviations repaired (see `repairChunk`). */
  readonly chunk: ChatCompletionChunk
  /** The provider's JSON, verbatim: this is what travels on. */
  readonly data: string
  /** Whether a reader would see something of it: text, reasoning, a refusal, a tool call. */
  readonly visible: boolean
  /** Whether a choice has its finish_reason here. */
  readonly finished: boolean
  /** Usage that it brings, wherever it stood; `null` and `{}` are none. */
  readonly usage: Usage | undefined
  /** Whether it has no choices (a usage chunk, Azure's first one). */
  readonly bare: boolean
  /** Set when it brings this text of the first choice and nothing else: then nothing of `chunk` needs a look. */
  readonly text?: string | undefined
  /** What the data begins and ends with, where that is known; the same object for chunks that are alike. */
  readonly around?: Around | undefined
  /** The name of the event it came in, where that says how it is to be shown (FastGPT's `fastAnswer`). */
  readonly name?: string | undefined
}

/** `[DONE]`: nothing of the answer follows. */
export interface ParsedDone {
  readonly type: 'done'
}

/** A named event that is no chunk (FastGPT). */
export interface ParsedOther {
  readonly type: 'event'
  readonly name: string
  readonly data: string
}

/** Data that is nothing we know; `reason` says why. */
export interface ParsedMalformed {
  readonly type: 'malformed'
  readonly data: string
  readonly reason: string
}

/** An event without data: a frame sent as a sign of life. */
export interface ParsedEmpty {
  readonly type: 'empty'
}

/** What the request allows in its answer. */
export interface ParseLimits {
  /** The request's `n`: a choice index from `n` on is refused. Ignored when it is no `n`. */
  readonly n?: number | undefined
}

const DONE: ParsedDone = { type: 'done' }
const EMPTY: ParsedEmpty = { type: 'empty' }

/**
 * What an SSE event is. A failure is looked for in this order: a line `error:`, `event: error`, the
 * fields `error`, `base_resp` and `x_groq.error`, a finish_reason `error`. Never throws.
 *
 * @example
 * parseEvent({ type: 'event', name: '', data: '[DONE]', id: undefined }) // { type: 'done' }
 */
export function parseEvent(event: SseEvent, limits?: ParseLimits): Parsed {
  const { data, name } = event
  if (event.error !== undefined) return errorOfText(event.error)
  if (data.startsWith('[DONE]')) return DONE
  if (name !== '') {
    if (name === 'error') return errorOfText(data)
    if (name === 'done') return DONE
  }
  const json = parseJson(data)
  if (isObject(json) && Array.isArray(json['choices'])) return findError(json, data) ?? toChunk(json, data, limits)
  if (!carriesChunks(name)) return { type: 'event', name, data }
  if (json === undefined) return data.trim() === '' ? EMPTY : { type: 'malformed', data, reason: 'not JSON' }
  const error = findWholeError(json, data)
  if (error !== undefined) return error
  if (isObject(json) && isObject(json['usage'])) {
    json['choices'] = []
    return toChunk(json, data, limits)
  }
  return { type: 'malformed', data, reason: 'neither a chunk nor an error' }
}

/**
 * A whole body, whatever it is: an answer in JSON as the chunks it would have been streamed as, then
 * `done`; an error; an event stream, as its events. HTML and the like are one `malformed`.
 * What decides is the text: content types lie.
 */
export function parseBody(body: string, limits?: ParseLimits): Parsed[] {
  const text = body.trimStart()
  if (!/^(?:data|event|id|retry|error|):/.test(text)) return chunksOfBody(body, limits)
  const decoder = new SseDecoder({ maxEventBytes: Infinity })
  const items = [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()]
  return items.filter((item) => item.type === 'event').map((event) => parseEvent(event, limits))
}

/** A body that should be JSON, as the events it would have been streamed as. See `parseBody`. */
export function chunksOfBody(body: string, limits?: ParseLimits): Parsed[] {
  const json = parseJson(body)
  if (json === undefined) {
    const reason = /^\s*</.test(body) ? 'HTML' : 'not JSON'
    return body.trim() === '' ? [EMPTY] : [{ type: 'malformed', data: body, reason }]
  }
  const choices = isObject(json) ? json['choices'] : undefined
  if (!isObject(json) || !Array.isArray(choices)) {
    return [
      findWholeError(json, body) ?? { type: 'malformed', data: body, reason: 'neither a completion nor an error' },
    ]
  }
  const error = findError(json, body)
  if (error !== undefined) return [error]
  const steps = choices.filter(isObject)
  if (steps.some((choice) => isObject(choice['delta']))) return [toChunk(json, body, limits), DONE]
  steps.forEach((choice, position) => {
    choice['index'] ??= position
    choice['message'] ??= { role: 'assistant', content: choice['text'] ?? null }
  })
  if (!isCompletion(json)) return [{ type: 'malformed', data: body, reason: 'a choice without a message' }]
  const chunks = completionToChunks(json)
  return [...chunks.map((chunk) => toChunk({ ...chunk }, JSON.stringify(chunk), limits)), DONE]
}

/** Named events whose data is to be a chunk; FastGPT has two. Others may bring anything. */
function carriesChunks(name: string): boolean {
  return name === '' || name === 'message' || name === 'answer' || name === 'fastAnswer'
}

function toChunk(json: JsonObject, data: string, limits: ParseLimits | undefined): Parsed {
  const reason = repairChunk(json, choiceLimit(limits))
  if (reason !== undefined || !isChunk(json)) return { type: 'malformed', data, reason: reason ?? 'not a chunk' }
  let visible = false
  let finished = false
  for (const { delta, finish_reason: finish } of json.choices) {
    visible ||= isVisible(delta)
    if (finish === null) continue
    finished = true
    const ending: string = finish
    if (ending === 'error') return plainError('The provider ended its answer with an error', data)
  }
  return { type: 'chunk', chunk: json, data, visible, finished, usage: usageOf(json), bare: json.choices.length === 0 }
}

function choiceLimit(limits: ParseLimits | undefined): number {
  const n = limits?.n
  return n !== undefined && Number.isSafeInteger(n) && n > 0 ? Math.min(n, MAX_CHOICES) : MAX_CHOICES
}

function isVisible(delta: Delta): boolean {
  return (
    said(delta.content) !== undefined ||
    said(delta.reasoning_content) !== undefined ||
    said(delta.reasoning) !== undefined ||
    (delta.tool_calls !== undefined && delta.tool_calls.length > 0) ||
    said(delta.refusal) !== undefined ||
    isObject(delta.audio) ||
    isObject(delta.function_call)
  )
}

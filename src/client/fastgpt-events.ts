import type { ChatCompletionChunk } from '../completion/chunk.ts'
import { isObject, parseJson, said, type JsonObject } from '../completion/json.ts'
import { parseEvent } from '../completion/parse.ts'
import type { SseEvent } from '../sse/event.ts'
import type { ChatStream } from './stream.ts'

/** A question that FastGPT's workflow asks in place of an answer. Answer it with a message in the same `chatId`. */
export interface FastGptInteractive {
  /** `userSelect`, `userInput`, and others. */
  readonly type: string
  readonly params: JsonObject
}

/** An event of a FastGPT stream. `raw` is its data as it came, with fields that nobody knows yet. */
export type FastGptEvent =
  | {
      /** `data`: an event without a name (`detail: false`); `fastAnswer`: a whole piece, not to be shown letter by letter. */
      readonly type: 'data' | 'answer' | 'fastAnswer'
      readonly chunk: ChatCompletionChunk
      readonly text: string
      readonly reasoning: string
    }
  | { readonly type: 'flowNodeStatus'; readonly status: string; readonly name: string; readonly raw: JsonObject }
  | { readonly type: 'flowNodeResponse'; readonly node: JsonObject }
  | { readonly type: 'flowResponses'; readonly nodes: readonly JsonObject[] }
  | {
      /** A call begins; a piece of its parameters; a piece of its result. They belong together by `id`. */
      readonly type: 'toolCall' | 'toolParams' | 'toolResponse'
      readonly id: string
      readonly tool: JsonObject
    }
  | { readonly type: 'interactive'; readonly interactive: FastGptInteractive; readonly raw: JsonObject }
  | { readonly type: 'updateVariables'; readonly variables: JsonObject }
  | { readonly type: 'workflowDuration'; readonly seconds: number }
  | { readonly type: 'chatTitle'; readonly title: string }
  | { readonly type: 'resumePhase'; readonly phase: string }
  | { readonly type: 'error'; readonly message: string; readonly code: string | undefined; readonly raw: unknown }
  /** Nothing of the answer follows; results of the workflow may. */
  | { readonly type: 'done' }
  /** An event of another name, or whose data is not what its name promises. */
  | { readonly type: 'other'; readonly name: string; readonly data: unknown }

/** What an event of FastGPT's wire is; `undefined` for one that says nothing. */
export function fastGptEvent(event: SseEvent): FastGptEvent | undefined {
  const parsed = parseEvent(event)
  switch (parsed.type) {
    case 'chunk':
      return ofChunk(event.name, parsed.chunk)
    case 'done':
      return { type: 'done' }
    case 'error': {
      const { message, providerCode, data } = parsed
      return { type: 'error', message, code: providerCode ?? undefined, raw: parseJson(data) ?? data }
    }
    case 'event':
      return ofName(parsed.name, parsed.data)
    case 'malformed':
      return { type: 'other', name: event.name, data: parsed.data }
    case 'empty':
      return undefined
  }
}

/**
 * The typed events of a stream that `client.chat.completions.create` gave, for a client whose base URL is
 * FastGPT's.
 *
 * @throws as reading the stream does: an answer that was cut is an error.
 * @example
 * for await (const event of fastGptEvents(stream)) if (event.type === 'flowNodeStatus') show(event.name)
 */
export async function* fastGptEvents(
  stream: Pick<ChatStream, 'events'>,
): AsyncGenerator<FastGptEvent, void, undefined> {
  for await (const event of stream.events()) {
    if (event.type === 'chunk') yield ofChunk(event.name ?? '', event.chunk)
    else yield ofValue(event.name, event.data)
  }
}

function ofChunk(name: string, chunk: ChatCompletionChunk): FastGptEvent {
  const delta = chunk.choices[0]?.delta
  const type = name === 'answer' || name === 'fastAnswer' ? name : 'data'
  return { type, chunk, text: delta?.content ?? '', reasoning: delta?.reasoning_content ?? '' }
}

function ofName(name: string, data: string): FastGptEvent {
  return ofValue(name, parseJson(data) ?? data)
}

function ofValue(name: string, data: unknown): FastGptEvent {
  if (name === 'resumePhase') return { type: name, phase: String(data) }
  const known = Array.isArray(data) ? ofList(name, data) : isObject(data) ? ofObject(name, data) : undefined
  return known ?? { type: 'other', name, data }
}

function ofList(name: string, data: readonly unknown[]): FastGptEvent | undefined {
  return name === 'flowResponses' ? { type: name, nodes: data.filter(isObject) } : undefined
}

function ofObject(name: string, raw: JsonObject): FastGptEvent | undefined {
  switch (name) {
    case 'flowNodeStatus':
      // The documentation of the Python SDK says `nodeName`; the server says `name`.
      return {
        type: name,
        status: said(raw['status']) ?? '',
        name: said(raw['name']) ?? said(raw['nodeName']) ?? '',
        raw,
      }
    case 'flowNodeResponse':
      return { type: name, node: raw }
    case 'flowResponses':
      // A server that adds a field to a list makes an object of it.
      return { type: name, nodes: Object.values(raw).filter(isObject) }
    case 'toolCall':
    case 'toolParams':
    case 'toolResponse': {
      const tool = isObject(raw['tool']) ? raw['tool'] : {}
      return { type: name, id: said(tool['id']) ?? said(raw['responseValueId']) ?? '', tool }
    }
    case 'interactive':
      return isObject(raw['interactive']) ? { type: name, interactive: innermost(raw['interactive']), raw } : undefined
    case 'updateVariables':
      return { type: name, variables: raw }
    case 'workflowDuration':
      return { type: name, seconds: Number(raw['durationSeconds'] ?? 0) }
    case 'chatTitle':
      return { type: name, title: said(raw['title']) ?? '' }
    default:
      return undefined
  }
}

/** A question of a workflow within a workflow is wrapped once for each of them. */
function innermost(interactive: JsonObject): FastGptInteractive {
  const params = isObject(interactive['params']) ? interactive['params'] : {}
  const inner = params['childrenResponse']
  return isObject(inner) ? innermost(inner) : { type: said(interactive['type']) ?? '', params }
}

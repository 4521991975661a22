/** What makes `client.chat.completions.parse()`. Loaded when it is called. */
import type { ChatRequest } from '../../completion/request.ts'
import type { CallOptions } from '../options.ts'
import { toRunnable } from './any-tool.ts'
import { type ChatClient, streamCompletion, textOf } from './chat-client.ts'
import type { ConversationRequest } from './conversation.ts'
import { EventRun } from './events.ts'
import { FencedJson } from './fenced-json.ts'
import type { DeepPartial, ParseEvent } from './parse.ts'
import {
  type AnswerFormat,
  type FormatInput,
  formatOf,
  type OutputOf,
  parseCompletion,
  type ParsedChatCompletion,
} from './parsed.ts'

/** A parsed completion in the making. */
export type ParseCallRun<T> = EventRun<ParseEvent<T>, ParsedChatCompletion<T>>

/** Asks for a value, streams it as it is made, and checks the whole. */
export function startParse<Format extends FormatInput | undefined>(
  client: ChatClient,
  request: ConversationRequest<Format>,
  options: CallOptions,
): ParseCallRun<OutputOf<Format>> {
  const format = formatOf(request.response_format)
  return new EventRun((signal) => parsing(client, request, format, { ...options, signal }), options.signal ?? undefined)
}

async function* parsing<T>(
  client: ChatClient,
  request: ConversationRequest<FormatInput | undefined>,
  { wire, schema }: AnswerFormat<T>,
  options: CallOptions & { readonly signal: AbortSignal },
): AsyncGenerator<ParseEvent<T>, ParsedChatCompletion<T>, undefined> {
  const { response_format: _format, tools, stream: _stream, ...rest } = request
  const plain: ChatRequest = {
    ...rest,
    ...(wire === undefined ? {} : { response_format: wire }),
    ...(tools === undefined ? {} : { tools: tools.map((tool) => toRunnable(tool).wire) }),
  }
  const value = new FencedJson()
  const chunks = streamCompletion(client, plain, options)
  let next = await chunks.next()
  try {
    while (next.done !== true) {
      yield { type: 'chunk', chunk: next.value }
      const text = schema === undefined ? '' : textOf(next.value)
      if (text !== '') {
        value.push(text)
        const partial = value.value
        yield { type: 'partial', text, partial: isGrowing<T>(partial) ? partial : undefined }
      }
      next = await chunks.next()
    }
  } catch (error) {
    await chunks.throw(error).catch(() => undefined)
    throw error
  }
  return parseCompletion(next.value, schema, tools ?? [])
}

/** Not checked: the type says what there will be, where there is something. */
function isGrowing<T>(value: unknown): value is DeepPartial<T> {
  return value !== undefined
}

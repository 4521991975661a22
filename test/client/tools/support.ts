import type { ChatCompletionChunk, Delta, FinishReason, Usage } from '../../../src/completion/chunk.ts'
import type { ChatRequest } from '../../../src/completion/request.ts'
import type { ChatClient } from '../../../src/client/tools/chat-client.ts'

/** A chunk of the first choice. */
export function chunk(delta: Delta, finish: FinishReason | null = null, usage?: Usage): ChatCompletionChunk {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...(usage === undefined ? {} : { usage }),
  }
}

/** Text as it is streamed, a few characters at a time. */
export function answer(text: string, usage?: Usage): readonly ChatCompletionChunk[] {
  const pieces = text.match(/[^]{1,3}/gu) ?? []
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    chunk({}, 'stop', usage),
  ]
}

/** Tool calls as they are streamed, arguments in pieces. */
export function calls(
  list: readonly (readonly [id: string, name: string, args: string])[],
  finish: FinishReason = 'tool_calls',
  usage?: Usage,
): readonly ChatCompletionChunk[] {
  const parts = list.flatMap(([id, name, args], index) => [
    chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
    ...(args.match(/[^]{1,4}/gu) ?? []).map((piece) =>
      chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
    ),
  ])
  return [chunk({ role: 'assistant', content: null }), ...parts, chunk({}, finish, usage)]
}

/** A client that answers each request with the next of the given streams, and keeps what it was asked. */
export class ScriptedClient implements ChatClient {
  readonly requests: ChatRequest[] = []
  /** Streams that were left before their end. */
  closed = 0
  readonly #streams: (readonly ChatCompletionChunk[])[]

  constructor(...streams: readonly (readonly ChatCompletionChunk[])[]) {
    this.#streams = [...streams]
  }

  readonly chat: ChatClient['chat'] = {
    completions: {
      create: async (request) => {
        this.requests.push(structuredClone(request))
        return this.#play(this.#streams.shift() ?? [])
      },
    },
  }

  async *#play(chunks: readonly ChatCompletionChunk[]): AsyncGenerator<ChatCompletionChunk> {
    let isOver = false
    try {
      for (const each of chunks) yield structuredClone(each)
      isOver = true
    } finally {
      if (!isOver) this.closed++
    }
  }
}

import { Accumulator } from '../../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../../completion/chunk.ts'
import type { ChatRequest } from '../../completion/request.ts'
import { StreamTruncatedError } from '../errors.ts'
import type { CallOptions } from '../options.ts'

/** How a streamed call is made. */
export type StreamOptions = CallOptions & { readonly signal: AbortSignal }

/** As much of a client as is used here: this SDK's, or OpenAI's. */
export interface ChatClient {
  readonly chat: {
    readonly completions: {
      create(
        request: ChatRequest & { readonly stream: true },
        options?: { readonly signal?: AbortSignal },
      ): PromiseLike<AsyncIterable<ChatCompletionChunk>>
    }
  }
}

/**
 * Streams one completion: gives each chunk and returns the whole. Leaving early closes the stream.
 *
 * @throws StreamTruncatedError when the stream ends before its finish_reason, with what arrived.
 */
export async function* streamCompletion(
  client: ChatClient,
  request: ChatRequest,
  options: StreamOptions,
): AsyncGenerator<ChatCompletionChunk, ChatCompletion, undefined> {
  const accumulator = new Accumulator()
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true }, options)) {
    accumulator.add(chunk)
    yield chunk
  }
  const completion = accumulator.completion()
  if (!accumulator.finished) throw new StreamTruncatedError(completion)
  return completion
}

/** The text that a chunk adds to the first choice; '' for none. */
export function textOf(chunk: ChatCompletionChunk): string {
  return chunk.choices.find(({ index }) => index === 0)?.delta.content ?? ''
}

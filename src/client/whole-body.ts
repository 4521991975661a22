/** Bodies that are not what was asked for. Loaded when one comes. */
import { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion } from '../completion/chunk.ts'
import { chunksOfBody, parseBody } from '../completion/parse.ts'
import type { SseEvent } from '../sse/event.ts'
import { errorObject } from './chunk-reader.ts'
import { APIError, OpenAIError } from './errors.ts'

/** A completion in JSON, as the events it would have been streamed as. */
export function eventsOfBody(body: string): readonly SseEvent[] {
  return chunksOfBody(body).flatMap((parsed): readonly SseEvent[] => {
    switch (parsed.type) {
      case 'chunk':
        return [event('', parsed.data)]
      case 'done':
        return [event('', '[DONE]')]
      case 'error':
        return [event('error', JSON.stringify({ error: errorObject(parsed) }))]
      case 'malformed':
        return [
          event('error', JSON.stringify({ error: { message: `The answer is no event stream: ${parsed.reason}` } })),
        ]
      case 'event':
      case 'empty':
        return []
    }
  })
}

function event(name: string, data: string): SseEvent {
  return { type: 'event', name, data, id: undefined }
}

/**
 * The completion that an answer is, which is none by its looks: a stream where a whole answer was asked for.
 *
 * @throws APIError for an error that came as a success, OpenAIError for anything else.
 */
export function completionOf(value: unknown, headers: Headers): ChatCompletion {
  const accumulator = new Accumulator()
  for (const parsed of parseBody(typeof value === 'string' ? value : JSON.stringify(value ?? ''))) {
    if (parsed.type === 'chunk') accumulator.add(parsed.chunk)
    else if (parsed.type === 'malformed') throw new OpenAIError(`The answer is no chat completion: ${parsed.reason}.`)
    else if (parsed.type === 'error') throw new APIError(undefined, errorObject(parsed), undefined, headers)
  }
  if (accumulator.flaw !== undefined) throw new OpenAIError('The answer is no complete chat completion.')
  return accumulator.completion()
}

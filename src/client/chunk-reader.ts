import type { ChatCompletionChunk } from '../completion/chunk.ts'
import { isObject, parseJson } from '../completion/json.ts'
import { parseEvent, type ParsedChunk, type ParsedError, type ParsedOther } from '../completion/parse.ts'
import type { SseEvent } from '../sse/event.ts'
import { ChunkTemplate } from './chunk-template.ts'
import { APIError, OpenAIError, StreamTruncatedError } from './errors.ts'
import type { EventSource } from './event-source.ts'

/** The answer has ended: nothing of it follows. */
export const END: unique symbol = Symbol('end')

/** What is known of a stream's course so far. */
export interface Course {
  /** Chunks that were read. */
  chunks: number
  /** The id of the last event that was read. */
  cursor: string | undefined
  /** When the first text, reasoning or tool call came, by the clock; `undefined` before. */
  firstTokenAt: number | undefined
}

/**
 * Reads events as what they are to an answer: chunks, its end, its failure. Tells the source when the
 * answer is whole, so that a break after that is none.
 */
export class ChunkReader {
  readonly #source: EventSource
  readonly #now: () => number
  readonly #template = new ChunkTemplate()
  readonly course: Course = { chunks: 0, cursor: undefined, firstTokenAt: undefined }
  /** How many events were read. */
  #place = 0
  #lastChoice = 0
  readonly #finished = new Set<number>()

  constructor(source: EventSource, now: () => number) {
    this.#source = source
    this.#now = now
  }

  /**
   * The event's chunk; a named event that is none; END; `undefined` for a sign of life.
   *
   * @throws APIError for a failure that the service reported, StreamTruncatedError for an end without a
   * finish_reason, OpenAIError for what cannot be read.
   */
  take(event: SseEvent): ParsedChunk | ParsedOther | typeof END | undefined {
    const { data } = event
    const isPlain = event.name === '' && event.error === undefined
    const made = isPlain ? this.#template.make(data) : undefined
    if (made !== undefined) {
      const { chunk, call, text } = made
      this.#noteMore(event, call, text)
      return {
        type: 'chunk',
        chunk,
        data,
        visible: call !== undefined || text !== '',
        finished: false,
        usage: undefined,
        bare: false,
      }
    }
    const parsed = parseEvent(event)
    if (event.id !== undefined) this.course.cursor = event.id
    const place = this.#place++
    if (parsed.type === 'chunk') this.#source.received.chunk(place, parsed.chunk)
    else this.#source.received.other(place)
    switch (parsed.type) {
      case 'chunk':
        this.#note(parsed)
        if (isPlain && !parsed.finished) this.#template.learn(data, parsed.chunk)
        return parsed
      case 'event':
        return parsed
      case 'empty':
        return undefined
      case 'done':
        if (!this.#isWhole && !this.#source.received.folded.finished)
          throw new StreamTruncatedError(this.#source.received.completion, { message: NO_REASON })
        this.#source.finish('all')
        return END
      case 'error':
        throw new APIError(undefined, errorObject(parsed), undefined, this.#source.response.headers)
      case 'malformed':
        throw new OpenAIError(`Error reading response: malformed server-sent event (${parsed.reason}).`)
    }
  }

  /** Only the text of the first choice: the same as `take` would find, mostly without parsing. */
  takeText(event: SseEvent): string | typeof END | undefined {
    if (event.name === '' && event.error === undefined) {
      const text = this.#template.text(event.data)
      if (text !== undefined) {
        this.#noteMore(event, undefined, text)
        return text === '' ? undefined : text
      }
    }
    const taken = this.take(event)
    if (taken === undefined || taken === END) return taken
    return taken.type === 'chunk' ? textOf(taken.chunk) : undefined
  }

  get #isWhole(): boolean {
    return this.#finished.size > this.#lastChoice
  }

  /** A chunk like the last one, but for its text, or its piece of a tool call's arguments. */
  #noteMore(event: SseEvent, call: number | undefined, text: string): void {
    if (event.id !== undefined) this.course.cursor = event.id
    this.#source.received.more(this.#place++, call, text)
    this.course.chunks++
    if (this.course.firstTokenAt === undefined && (text !== '' || call !== undefined)) this.#firstToken()
  }

  #note(parsed: ParsedChunk): void {
    this.course.chunks++
    if (parsed.visible && this.course.firstTokenAt === undefined) this.#firstToken()
    const { choices } = parsed.chunk
    if (!parsed.finished && choices.length === 1 && choices[0]?.index === 0) return
    for (const { index } of choices) if (index > this.#lastChoice) this.#lastChoice = index
    if (!parsed.finished) return
    for (const { index, finish_reason } of choices) if (finish_reason !== null) this.#finished.add(index)
    if (this.#isWhole) this.#source.finish('answer')
  }

  #firstToken(): void {
    this.course.firstTokenAt = this.#now()
    this.#source.tokenSeen()
  }
}

const NO_REASON = 'The stream ended before the answer was complete: no finish_reason came.'

/** The text that a chunk adds to the first choice. */
export function textOf(chunk: ChatCompletionChunk): string | undefined {
  for (const { index, delta } of chunk.choices) if (index === 0) return delta.content || undefined
  return undefined
}

/** The reasoning that a chunk adds to the first choice. */
export function reasoningOf(chunk: ChatCompletionChunk): string | undefined {
  for (const { index, delta } of chunk.choices)
    if (index === 0) return delta.reasoning_content || delta.reasoning || undefined
  return undefined
}

/** The error object that a service sent, as it came; put together where it sent none. */
export function errorObject(parsed: ParsedError): unknown {
  const json = parseJson(parsed.data)
  if (isObject(json) && isObject(json['error'])) return json['error']
  const { message, providerType: type, providerCode: code, param } = parsed
  return { message, type, code, param }
}

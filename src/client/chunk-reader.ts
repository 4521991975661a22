import type { ChatCompletion, ChatCompletionChunk } from '../completion/chunk.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { parseEvent, Parsed, ParsedChunk, ParsedDone, ParsedError, ParsedOther } from '../completion/parse.ts'
import type { SseEvent } from '../sse/event.ts'
import type * as chunkTemplate from './chunk-template.ts'
import type { ChunkTemplate, MadeChunk } from './chunk-template.ts'
import { APIError, OpenAIError, StreamTruncatedError } from './errors.ts'
import type { EventSource } from './event-source.ts'
import { Later, loaded } from './later.ts'
import { officialChunk } from './official.ts'

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
  #template: ChunkTemplate | undefined = Template && new Template()
  readonly course: Course = { chunks: 0, cursor: undefined, firstTokenAt: undefined }
  /** How many events were read. */
  #place = 0
  #lastChoice = 0
  readonly #finished = new Set<number>()
  /** At an end that nothing announced: what had come by then. */
  #atEnd: { readonly completion: ChatCompletion; readonly finished: boolean } | undefined = undefined

  constructor(source: EventSource, now: () => number) {
    this.#source = source
    this.#now = now
  }

  /**
   * The event's chunk; a named event that is none; END; `undefined` for a sign of life; `Later` when it must
   * be taken again after something was loaded.
   *
   * @throws APIError for a failure that the service reported, StreamTruncatedError for an end without a
   * finish_reason, OpenAIError for what cannot be read.
   */
  take(event: SseEvent): ParsedChunk | ParsedOther | typeof END | Later | undefined {
    const { data } = event
    const isPlain = event.name === '' && event.error === undefined
    const made = isPlain ? this.#template?.make(data) : undefined
    if (made !== undefined) return this.#takeMade(event, made)
    const official = isPlain ? officialEvent(data) : undefined
    const parsed = official ?? look(event)
    if (parsed instanceof Later) return parsed
    if (parsed.type === 'done' && !this.#isWhole && this.#atEnd === undefined) return new Later(() => this.#gather())
    if (event.id !== undefined) this.course.cursor = event.id
    const place = this.#place++
    if (parsed.type === 'chunk')
      this.#source.received.chunk(place, parsed.chunk, official === undefined ? JSON.stringify(parsed.chunk) : data)
    else this.#source.received.other(place)
    switch (parsed.type) {
      case 'chunk':
        this.#note(parsed)
        if (isPlain && !parsed.finished) this.#learn(data, parsed.chunk)
        return parsed
      case 'event':
        return parsed
      case 'empty':
        return undefined
      case 'done':
        if (this.#atEnd?.finished === false)
          throw new StreamTruncatedError(this.#atEnd.completion, { message: NO_REASON })
        this.#source.finish('all')
        return END
      case 'error':
        throw new APIError(undefined, errorObject(parsed), undefined, this.#source.response.headers)
      case 'malformed':
        throw new OpenAIError(`Error reading response: malformed server-sent event (${parsed.reason}).`)
    }
  }

  /** Only the text of the first choice: the same as `take` would find, mostly without parsing. */
  takeText(event: SseEvent): string | typeof END | Later | undefined {
    if (event.name === '' && event.error === undefined) {
      const text = this.#template?.text(event.data)
      if (text !== undefined) {
        this.#noteMore(event, undefined, text)
        return text === '' ? undefined : text
      }
    }
    return ofChunk(this.take(event), textOf)
  }

  #takeMade(event: SseEvent, { chunk, call, text }: MadeChunk): ParsedChunk {
    this.#noteMore(event, call, text)
    const visible = call !== undefined || text !== ''
    return { type: 'chunk', chunk, data: event.data, visible, finished: false, usage: undefined, bare: false }
  }

  /** What makes chunks cheaper is worth its loading in an answer of some length, and not waited for. */
  #learn(data: string, chunk: ChatCompletionChunk): void {
    if (this.#template !== undefined) this.#template.learn(data, chunk)
    else if (this.course.chunks === WORTH_CHUNKS) {
      const use = (part: typeof chunkTemplate): void => {
        Template = part.ChunkTemplate
        this.#template = new Template()
      }
      import('./chunk-template.ts').then(use).catch(() => undefined)
    }
  }

  get #isWhole(): boolean {
    return this.#finished.size > this.#lastChoice
  }

  /** An answer may be whole without a finish_reason: OpenAI's audio is. */
  async #gather(): Promise<void> {
    const { received } = this.#source
    const accumulator = await received.folded().catch(() => undefined)
    this.#atEnd = { completion: await received.completion(), finished: accumulator?.finished ?? false }
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

const WORTH_CHUNKS = 8
/** Loaded by the first answer of some length, for all that follow, too. */
let Template: typeof ChunkTemplate | undefined

const DONE: ParsedDone = { type: 'done' }

function officialEvent(data: string): Parsed | undefined {
  return data.startsWith('[DONE]') ? DONE : officialChunk(data)
}

let parse: typeof parseEvent | undefined

/** The second look, at what is not as OpenAI sends it. */
function look(event: SseEvent): Parsed | Later {
  return parse === undefined
    ? new Later(async () => (parse = (await loaded(import('../completion/parse.ts'))).parseEvent))
    : parse(event)
}

/** What a reader wants of a chunk; nothing of other events. */
export function ofChunk<T>(
  taken: ParsedChunk | ParsedOther | typeof END | Later | undefined,
  pick: (chunk: ChatCompletionChunk) => T | undefined,
): T | typeof END | Later | undefined {
  if (taken === undefined || taken === END || taken instanceof Later) return taken
  return taken.type === 'chunk' ? pick(taken.chunk) : undefined
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

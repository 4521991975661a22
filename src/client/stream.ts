import type { Clock } from '../clock.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { parseJson } from '../completion/json.ts'
import type { SseEvent } from '../sse/event.ts'
import { ChunkReader, END, ofChunk, reasoningOf } from './chunk-reader.ts'
import { APIUserAbortError, OpenAIError, StreamTruncatedError } from './errors.ts'
import { EventIterator, type Ending } from './event-iterator.ts'
import type { EventSource } from './event-source.ts'
import { bodyOf, headersOf, linesOf, type Dialect, type NodeResponse } from './outlet.ts'
import type { PricedCompletion } from './options.ts'
import { teeSource } from './tee.ts'
import { Later } from './later.ts'
import type { ToolCallProgress } from './tool-calls.ts'

/** An event of a stream: a chunk, or one of the named events of FastGPT and others. */
export type StreamEvent =
  | {
      readonly type: 'chunk'
      readonly chunk: ChatCompletionChunk
      /** The name of its event, where it had one (FastGPT: `answer`, `fastAnswer`). */
      readonly name?: string | undefined
    }
  | {
      readonly type: 'event'
      readonly name: string
      /** The event's JSON, or its text where it is none. */
      readonly data: unknown
    }

/** How a stream is doing. Times are milliseconds since the request was made. */
export interface StreamMetrics {
  /** Until the head of the answer. */
  readonly headMs: number
  /** Until the first text, reasoning or tool call; `undefined` before. */
  readonly firstTokenMs: number | undefined
  /** Until the end; `undefined` before. */
  readonly totalMs: number | undefined
  /** Chunks that were read. */
  readonly chunks: number
  /** How often the stream was taken up again after its connection broke. */
  readonly reconnects: number
  /** How often a model was asked for the rest. */
  readonly rescues: number
}

/** What a stream is made of. */
export interface ChatStreamOptions {
  readonly source: EventSource
  readonly controller: AbortController
  readonly clock: Clock
  /** When the request was made, and when its answer's head came, by the clock. */
  readonly startedAt: number
  readonly headAt: number
  /** Tells a gateway that nobody wants the rest; resolves when it has heard. */
  cancel(): Promise<void>
  /** The completion with its cost, where prices are known. */
  priced(completion: ChatCompletion): PricedCompletion
  /** The answer came to its end. */
  onComplete(): Promise<void>
}

/**
 * A streamed answer. Read it once, in one of its forms: as chunks (`for await`), `text()`, `reasoning()`,
 * `toolCalls()`, `events()`, as a whole (`completion()`), or passed on (`toResponse()`, `pipeTo()`). Leaving a
 * loop early closes the stream, and the model stops.
 *
 * Whichever form it is, an answer that was cut is an error, never a short answer: StreamTruncatedError,
 * StreamInterruptedError, or the APIError that the service reported.
 *
 * @example
 * const stream = await client.chat.completions.create({ model, messages, stream: true })
 * for await (const text of stream.text()) process.stdout.write(text)
 */
export class ChatStream implements AsyncIterable<ChatCompletionChunk>, AsyncDisposable, Disposable {
  /** Aborts the request, as with OpenAI's SDK. */
  readonly controller: AbortController
  readonly #options: ChatStreamOptions
  readonly #source: EventSource
  readonly #reader: ChunkReader
  #isClaimed = false
  #endedAt: number | undefined = undefined
  #ending: Ending | undefined = undefined
  readonly #waiting: (() => void)[] = []
  #whole: Promise<PricedCompletion> | undefined = undefined

  constructor(options: ChatStreamOptions) {
    this.#options = options
    this.#source = options.source
    this.#reader = new ChunkReader(options.source, () => options.clock.now())
    this.controller = options.controller
  }

  /** The stream's id at a gateway, for `client.streams.resume`; `undefined` without one. */
  get id(): string | undefined {
    return this.#source.id
  }

  /** The id of the last event that was read here: where to resume. */
  get cursor(): string | undefined {
    return this.#reader.course.cursor
  }

  /** The answer's head. */
  get response(): Response {
    return this.#source.response
  }

  /** The completion as far as it has arrived, at any time. */
  async partial(): Promise<PricedCompletion> {
    return this.#options.priced(await this.#source.received.completion())
  }

  /** How the stream is doing, at any time. */
  get metrics(): StreamMetrics {
    const { startedAt, headAt } = this.#options
    const { chunks, firstTokenAt } = this.#reader.course
    return {
      headMs: headAt - startedAt,
      firstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - startedAt,
      totalMs: this.#endedAt === undefined ? undefined : this.#endedAt - startedAt,
      chunks,
      ...this.#source.repairs,
    }
  }

  /** The chunks, as they arrive. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ChatCompletionChunk> {
    return this.#iterate((event) => ofChunk(this.#reader.take(event), (chunk) => chunk))
  }

  /** Only the text of the first choice. Most chunks are not even parsed for it. */
  text(): AsyncIterableIterator<string> {
    return this.#iterate((event) => this.#reader.takeText(event))
  }

  /** Only the reasoning of the first choice, whatever name its provider gives it. */
  reasoning(): AsyncIterableIterator<string> {
    return this.#iterate((event) => ofChunk(this.#reader.take(event), reasoningOf))
  }

  /**
   * The tool calls of the first choice as they grow: their arguments as text and, as far as they can be read,
   * as a value; `done` when a call is complete.
   *
   * @example
   * for await (const { call, done } of stream.toolCalls()) if (done) await run(call)
   */
  async *toolCalls(): AsyncGenerator<ToolCallProgress, void, undefined> {
    const { ToolCallReader } = await import('./tool-calls.ts')
    const reader = new ToolCallReader()
    for await (const chunk of this) yield* reader.take(chunk)
  }

  /** Chunks and named events (FastGPT: `flowNodeStatus`, `toolCall`, …), also those that follow `[DONE]`. */
  events(): AsyncIterableIterator<StreamEvent> {
    return this.#iterate((event): StreamEvent | Later | undefined => {
      const taken = this.#reader.take(event)
      // The end is where the bytes end: FastGPT sends `flowResponses` after it.
      if (taken === undefined || taken === END) return undefined
      if (taken instanceof Later) return taken
      if (taken.type === 'chunk')
        return event.name === ''
          ? { type: 'chunk', chunk: taken.chunk }
          : { type: 'chunk', chunk: taken.chunk, name: event.name }
      return { type: 'event', name: taken.name, data: parseJson(taken.data) ?? taken.data }
    })
  }

  /**
   * The whole answer, once it is there. Reads the stream if nobody does; beside another reader it resolves
   * when that one has come to the end. Rejects when the answer was cut, failed or was aborted.
   */
  completion(): Promise<PricedCompletion> {
    return (this.#whole ??= this.#isClaimed ? this.#afterReader() : this.#readWhole())
  }

  /** Two streams of the same answer, to be read at their own speed. Each gives all of it. */
  tee(): [ChatStream, ChatStream] {
    this.#claim()
    const [left, right] = teeSource(this.#source)
    return [new ChatStream({ ...this.#options, source: left }), new ChatStream({ ...this.#options, source: right })]
  }

  /** The chunks as lines of JSON; `Stream.fromReadableStream` of OpenAI's SDK reads them. */
  toReadableStream(): ReadableStream<Uint8Array> {
    return linesOf(this[Symbol.asyncIterator]())
  }

  /** A web `Response` that passes the answer on, for Next, Hono, Bun, Deno and the like. */
  toResponse(init: ResponseInit & { readonly dialect?: Dialect | undefined } = {}): Response {
    const { dialect = 'openai', headers, ...rest } = init
    const fields = new Headers(headersOf(dialect))
    new Headers(headers).forEach((value, name) => fields.set(name, value))
    return new Response(bodyOf(this.#written(dialect, this.#items())), { ...rest, headers: fields })
  }

  /**
   * Passes the answer on into Node's `ServerResponse`: Express, Fastify's `reply.raw`. Resolves at its end, or
   * when its reader has gone.
   */
  async pipeTo(response: NodeResponse, options: { readonly dialect?: Dialect | undefined } = {}): Promise<void> {
    const dialect = options.dialect ?? 'openai'
    const items = this.#items()
    if (!response.headersSent) response.writeHead(200, headersOf(dialect))
    const { pour } = await import('./outlets.ts')
    await pour(this.#written(dialect, items), response, () => this.#source.abandon())
  }

  /** Ends the stream for everyone: the model stops. Resolves when the gateway, if there is one, has heard of it. */
  async cancel(): Promise<void> {
    const told = this.#options.cancel()
    this.controller.abort()
    await told
  }

  /** Lets go of the stream as `break` does. */
  [Symbol.dispose](): void {
    this.#source.abandon()
    this.#end({ how: 'left' })
  }

  /** Lets go of the stream as `break` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]()
  }

  async *#written(dialect: Dialect, items: AsyncIterator<AnswerItem>): AsyncGenerator<string, void, undefined> {
    const { written } = await import('./outlets.ts')
    yield* written(items, dialect)
  }

  #items(): AsyncIterableIterator<AnswerItem> {
    return this.#iterate((event) => this.#reader.take(event), true)
  }

  #iterate<T>(
    take: (event: SseEvent) => T | typeof END | Later | undefined,
    abortIsError = false,
  ): AsyncIterableIterator<T> {
    this.#claim()
    return new EventIterator(this.#source, take, (ending) => this.#end(ending), abortIsError)
  }

  #claim(): void {
    if (this.#isClaimed) {
      throw new OpenAIError('Cannot iterate over a consumed stream, use `.tee()` to split the stream.')
    }
    this.#isClaimed = true
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    this.#endedAt = this.#options.clock.now()
    for (const resolve of this.#waiting) resolve()
    // Its own failure is its own affair: the answer is whole.
    if (ending.how === 'complete') this.#options.onComplete().catch(() => undefined)
  }

  async #readWhole(): Promise<PricedCompletion> {
    const items = this.#items()
    while (!(await items.next()).done);
    const accumulator = await this.#source.received.folded()
    const { flaw } = accumulator
    if (flaw === undefined) return this.#options.priced(accumulator.completion())
    throw new StreamTruncatedError(accumulator.completion(), { message: `The stream gave no answer: ${flaw.kind}.` })
  }

  async #afterReader(): Promise<PricedCompletion> {
    if (this.#ending === undefined) await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    switch (this.#ending?.how) {
      case 'complete':
        return this.partial()
      case 'aborted':
        throw new APIUserAbortError()
      case 'failed':
        throw this.#ending.error
      case 'left':
      case undefined:
        throw new StreamTruncatedError(await this.partial(), { message: 'The stream was left before its end.' })
    }
  }
}

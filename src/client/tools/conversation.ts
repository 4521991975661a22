/** What makes the events of a `ChatCompletionStream`. Loaded when one is asked for. */
import type { ChatCompletion, ChatCompletionChunk } from '../../completion/chunk.ts'
import { isObject, parseJson } from '../../completion/json.ts'
import type { ChatMessage, ChatRequest } from '../../completion/request.ts'
import type { Conclusion, FunctionCall, Stage } from '../completion-events.ts'
import { OpenAIError } from '../errors.ts'
import type { CallOptions } from '../options.ts'
import { lines } from '../text/lines.ts'
import { type AnyTool, toRunnable } from './any-tool.ts'
import type { ChatClient } from './chat-client.ts'
import { type FormatInput, formatOf, type OutputOf, parseCompletion } from './parsed.ts'
import { runTools } from './run-tools.ts'
import type { StandardSchema } from './schema.ts'
import { StepEvents } from './step-events.ts'

/** A request whose answer is read: its format may be a schema, its tools may be of any form. */
export type ConversationRequest<Format extends FormatInput | undefined> = Omit<
  ChatRequest,
  'response_format' | 'tools' | 'stream'
> & {
  readonly response_format?: Format
  readonly tools?: readonly AnyTool[]
  /** It is streamed in any case. */
  readonly stream?: boolean | null
}

/** How a conversation is led. */
export interface ConversationOptions extends CallOptions {
  /** Completions at most; 10 unless told. */
  readonly maxChatCompletions?: number | undefined
  /** The same by the name that `runTools` has for it. */
  readonly maxSteps?: number | undefined
  /**
   * What a tool that throws does: `stop` ends the run with its error, as with OpenAI's SDK; `message` tells the
   * model. `stop` unless told.
   */
  readonly onToolError?: 'message' | 'stop' | undefined
}

/** Asks, runs the tools that the model wants, and tells of all of it. */
export async function converse<Format extends FormatInput | undefined>(
  stage: Stage<OutputOf<Format>>,
  client: ChatClient,
  request: ConversationRequest<Format>,
  options: ConversationOptions,
): Promise<Conclusion<OutputOf<Format>>> {
  const { tools = [], response_format, stream: _stream, ...rest } = request
  if (rest.n != null && rest.n > 1) throw new OpenAIError('Only `create()` takes n above 1.')
  const { wire, schema } = formatOf(response_format)
  const { maxChatCompletions, maxSteps = maxChatCompletions, onToolError = 'stop', signal: _signal, ...call } = options
  const asked = {
    ...rest,
    ...(wire === undefined ? {} : { response_format: wire }),
    tools: tools.map(toRunnable),
    signal: stage.signal,
    maxSteps,
    onToolError,
    parallel: rest.parallel_tool_calls !== false,
  }
  stage.messages.push(...rest.messages)
  const teller = new Teller(stage, schema, tools, maxSteps === 1 ? 'error' : 'null')
  const run = runTools(client, asked, call)
  for await (const event of run) {
    if (event.type === 'step') teller.step(event.messages)
    else if (event.type === 'chunk') teller.chunk(event.chunk)
    else if (event.type === 'completion') await teller.completion(event.completion)
  }
  const { messages, usage } = await run.final()
  teller.results(messages)
  return teller.conclusion(usage)
}

/** The chunks that another place's `toReadableStream()` made into lines. */
export function replay(stage: Stage<null>, readable: ReadableStream<Uint8Array>): Promise<Conclusion<null>> {
  const client: ChatClient = { chat: { completions: { create: async () => chunksOf(readable) } } }
  return converse<undefined>(stage, client, { model: '', messages: [] }, {})
}

async function* chunksOf(readable: ReadableStream<Uint8Array>): AsyncGenerator<ChatCompletionChunk, void, undefined> {
  for await (const line of lines()(textOf(readable))) {
    if (line.trim() === '') continue
    const json = parseJson(line)
    if (!isChunk(json)) throw new OpenAIError('A line of the stream is no chunk.')
    yield json
  }
}

/** By a reader: not every browser iterates over a body. */
async function* textOf(readable: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const reader = readable.getReader()
  const decoder = new TextDecoder()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read())
      yield decoder.decode(read.value, { stream: true })
    yield decoder.decode()
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** What follows repairs what is amiss inside of it. */
function isChunk(json: unknown): json is ChatCompletionChunk {
  return isObject(json) && Array.isArray(json['choices'])
}

/** Tells of the steps of one run. */
class Teller<T> {
  readonly #stage: Stage<T>
  readonly #schema: StandardSchema<T> | undefined
  readonly #tools: readonly AnyTool[]
  readonly #onWrongArguments: 'error' | 'null'
  #events: StepEvents<T>
  /** Messages of the run that were told of. */
  #told: number
  #connected = false
  #call: FunctionCall | undefined = undefined
  #callResult: string | undefined = undefined

  constructor(
    stage: Stage<T>,
    schema: StandardSchema<T> | undefined,
    tools: readonly AnyTool[],
    onWrongArguments: 'error' | 'null',
  ) {
    this.#onWrongArguments = onWrongArguments
    this.#stage = stage
    this.#schema = schema
    this.#tools = tools
    this.#events = new StepEvents(stage, schema !== undefined)
    this.#told = stage.messages.length
  }

  step(messages: readonly ChatMessage[]): void {
    this.results(messages)
    this.#events = new StepEvents(this.#stage, this.#schema !== undefined)
  }

  /** The results of tools, in the order of their calls. */
  results(messages: readonly ChatMessage[]): void {
    for (const message of messages.slice(this.#told)) {
      this.#add(message)
      if (message.role !== 'tool' || typeof message.content !== 'string' || message.content === '') continue
      this.#callResult = message.content
      this.#stage.emit('functionToolCallResult', message.content)
    }
  }

  chunk(chunk: ChatCompletionChunk): void {
    if (!this.#connected) this.#stage.emit('connect')
    this.#connected = true
    this.#events.chunk(chunk)
  }

  async completion(completion: ChatCompletion): Promise<void> {
    const stage = this.#stage
    const parsed = await parseCompletion(completion, this.#schema, this.#tools, this.#onWrongArguments)
    this.#events.done(parsed)
    stage.completions.push(parsed)
    stage.emit('chatCompletion', parsed)
    const message = parsed.choices[0]?.message
    if (message === undefined) throw new OpenAIError('The completion has no choice.')
    this.#add(message)
    for (const call of message.tool_calls ?? []) {
      if (call.type !== 'function') continue
      this.#call = call.function
      stage.emit('functionToolCall', call.function)
    }
  }

  conclusion(usage: Conclusion<T>['usage']): Conclusion<T> {
    const { completions } = this.#stage
    const completion = completions[completions.length - 1]
    const message = completion?.choices[0]?.message
    if (completion === undefined || message === undefined) throw new OpenAIError('The stream gave no completion.')
    return { completion, message, call: this.#call, callResult: this.#callResult, usage }
  }

  #add(message: Stage<T>['messages'][number]): void {
    this.#told++
    this.#stage.messages.push(message)
    this.#stage.emit('message', message)
  }
}

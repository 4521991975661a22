/** What must compile and what must not. Nothing here runs; types.test.ts has it checked. */
import type {
  ChatCompletion as TheirCompletion,
  ChatCompletionChunk as TheirChunk,
} from 'openai/resources/chat/completions'
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APITimeoutError,
  BadRequestError,
  EvolutionOpenAIError,
  OpenAI,
  OpenAIError,
  RateLimitError,
  StreamInterruptedError,
  StreamTruncatedError,
  type ChatCompletion,
  type ChatCompletionChunk,
  type ChatMessage,
  type ChatRequest,
  type ChatStream,
  type ToolCall,
} from '../../src/client/index.ts'

const client = new OpenAI()
const messages: ChatMessage[] = [{ role: 'user', content: 'Hi' }]

/** The forms of `create`. */
export async function forms(): Promise<void> {
  const stream: ChatStream = await client.chat.completions.create({ model: 'm', messages, stream: true })
  const whole: ChatCompletion = await client.chat.completions.create({ model: 'm', messages })
  const alsoWhole: ChatCompletion = await client.chat.completions.create({ model: 'm', messages, stream: false })
  const request: ChatRequest = { model: 'm', messages, stream: Math.random() > 0.5 }
  const either: ChatStream | ChatCompletion = await client.chat.completions.create(request)
  // @ts-expect-error -- a stream is no completion
  const wrong: ChatCompletion = await client.chat.completions.create({ model: 'm', messages, stream: true })
  // @ts-expect-error -- a completion is no stream
  const alsoWrong: ChatStream = await client.chat.completions.create({ model: 'm', messages })
  // @ts-expect-error -- which one it is has to be asked
  either.text()
  // @ts-expect-error -- a completion has no text()
  whole.text()
  void [stream, alsoWhole, wrong, alsoWrong]
}

/** What a request may hold. */
export async function requests(): Promise<void> {
  const create = client.chat.completions.create.bind(client.chat.completions)
  await create({
    model: 'm',
    messages: [
      { role: 'system', content: 'x' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'x' },
          { type: 'image_url', image_url: { url: 'data:' } },
        ],
      },
    ],
  })
  await create({
    model: 'm',
    messages: [
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: '1' },
    ],
  })
  await create({
    model: 'm',
    messages,
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    tool_choice: 'auto',
    stream_options: { include_usage: true },
    stop: ['a'],
    n: 2,
    stream: true,
  })
  await create({ model: 'm', messages } as const)
  // @ts-expect-error -- a model is needed
  await create({ messages })
  // @ts-expect-error -- messages are needed
  await create({ model: 'm' })
  // @ts-expect-error -- no such role
  await create({ model: 'm', messages: [{ role: 'robot', content: 'x' }] })
  // @ts-expect-error -- a tool's answer says to which call it belongs
  await create({ model: 'm', messages: [{ role: 'tool', content: 'x' }] })
  // @ts-expect-error -- a temperature is a number
  await create({ model: 'm', messages, temperature: 'hot' })
  // @ts-expect-error -- a stream is asked for with true or false
  await create({ model: 'm', messages, stream: 'yes' })
}

/** What options may hold. */
export function options(): readonly OpenAI[] {
  const signal = new AbortController().signal
  void client.chat.completions.create(
    { model: 'm', messages },
    {
      signal,
      timeout: { head: 1, firstToken: 2, betweenTokens: 3, total: 4 },
      maxRetries: 0,
      headers: { a: 'b', c: null },
      query: { d: 'e' },
      idempotencyKey: 'k',
      onInterrupted: 'continue',
      resume: false,
    },
  )
  void client.chat.completions.create({ model: 'm', messages }, { timeout: 5_000, resume: { maxAttempts: 3 } })
  // @ts-expect-error -- no such answer to an interruption
  void client.chat.completions.create({ model: 'm', messages }, { onInterrupted: 'ignore' })
  // @ts-expect-error -- a misspelt option
  void client.chat.completions.create({ model: 'm', messages }, { retries: 3 })
  return [
    new OpenAI({
      apiKey: 'k',
      baseURL: 'https://x/v1',
      organization: null,
      project: null,
      fetch,
      defaultHeaders: { a: 'b' },
      defaultQuery: { v: '1' },
    }),
    new OpenAI({ apiKey: async () => 'k' }),
    new OpenAI({ keyId: 'i', secret: 's', baseURL: 'https://x/v1' }),
    // @ts-expect-error -- a key is text, or a promise of it
    new OpenAI({ apiKey: 5 }),
    // @ts-expect-error -- Python's name for it
    new OpenAI({ key_id: 'i' }),
    client.withOptions({ maxRetries: 5 }),
  ]
}

/** What a stream gives. */
export async function streams(stream: ChatStream): Promise<void> {
  for await (const chunk of stream) {
    const content: string | null | undefined = chunk.choices[0]?.delta.content
    // @ts-expect-error -- a usage chunk has no choices: the seeds' commonest mistake
    const unguarded: unknown = chunk.choices[0].delta
    // @ts-expect-error -- chunks are not ours to change
    chunk.id = 'x'
    void [content, unguarded]
  }
  for await (const text of stream.text()) text.toUpperCase()
  for await (const text of stream.reasoning()) text.toUpperCase()
  for await (const { call, done, arguments: value } of stream.toolCalls()) {
    const each: ToolCall = call
    if (done && call.type === 'function') call.function.arguments.trim()
    // @ts-expect-error -- what a model wrote is not known to be anything
    void value.city
    void each
  }
  for await (const event of stream.events()) {
    if (event.type === 'chunk') event.chunk.choices.map(({ index }) => index)
    // @ts-expect-error -- what another service sends is not known
    else void event.data.status
  }
  const [left, right]: [ChatStream, ChatStream] = stream.tee()
  const response: Response = left.toResponse({ dialect: 'relay', status: 200, headers: {} })
  // @ts-expect-error -- no such dialect
  right.toResponse({ dialect: 'xml' })
  const readable: ReadableStream<Uint8Array> = right.toReadableStream()
  const id: string | undefined = stream.id
  // @ts-expect-error -- an id is the server's
  stream.id = 'x'
  await using closed = stream
  void [response, readable, id, closed, stream.metrics.firstTokenMs?.toFixed()]
}

/** Errors by class. */
export function errors(error: unknown): string | undefined {
  if (error instanceof StreamTruncatedError) return error.partial.choices[0]?.message.content ?? ''
  if (error instanceof StreamInterruptedError) return error.partial.id
  if (error instanceof RateLimitError) return error.headers?.get('retry-after') ?? error.requestID ?? ''
  if (
    error instanceof APITimeoutError ||
    error instanceof APIConnectionTimeoutError ||
    error instanceof APIConnectionError
  )
    return error.message
  if (error instanceof BadRequestError) return error.param ?? error.code ?? error.type
  if (error instanceof APIError) return String(error.status)
  if (error instanceof EvolutionOpenAIError || error instanceof OpenAIError) return error.message
  // @ts-expect-error -- anything may be thrown
  return error.message
}

/** Our types are those of the official SDK. */
export function interchangeable(
  chunk: TheirChunk,
  completion: TheirCompletion,
): readonly [ChatCompletionChunk, ChatCompletion] {
  return [chunk, completion]
}

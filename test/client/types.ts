/** What must compile and what must not. Nothing here runs; types.test.ts has it checked. */
import type {
  ChatCompletion as TheirCompletion,
  ChatCompletionChunk as TheirChunk,
} from 'openai/resources/chat/completions'
import { z } from 'zod'
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIError,
  APITimeoutError,
  BadRequestError,
  ChatClient,
  costOf,
  EvolutionOpenAIError,
  iterLines,
  iterStreamEvents,
  OpenAI,
  OpenAIError,
  RateLimitError,
  RateLimiter,
  ResponseCache,
  StreamingClient,
  StreamingPool,
  StreamInterruptedError,
  StreamTruncatedError,
  tool,
  zodFunction,
  zodResponseFormat,
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

/** The names of the official SDK. */
export async function names(stream: ChatStream, params: OpenAI.ChatCompletionCreateParams): Promise<void> {
  params.messages.push({ role: 'user', content: 'x' })
  const request: ChatRequest = params
  for await (const chunk of stream) {
    const theirs: OpenAI.ChatCompletionChunk = chunk
    const ours: ChatStream extends AsyncIterable<infer Chunk> ? Chunk : never = theirs
    theirs.model = 'x'
    void ours
  }
  // What one provider alone takes, in a variable; the older completions take it as it stands.
  const more = { ...request, stream: false as const, top_k: 5 }
  void client.chat.completions.create(more)
  void client.completions.create({ model: 'm', prompt: 'x', top_k: 5 })
  // @ts-expect-error -- a misspelt field
  void client.chat.completions.create({ model: 'm', messages, temprature: 1 })
  // @ts-expect-error -- a temperature is a number
  void client.completions.create({ model: 'm', prompt: 'x', temperature: 'hot' })
  // @ts-expect-error -- no such role
  void ({ role: 'robot', content: 'x' } satisfies OpenAI.ChatCompletionMessageParam)
  // @ts-expect-error -- pictures are the user's
  const pictured: OpenAI.ChatCompletionSystemMessageParam['content'] = [{ type: 'image_url', image_url: { url: 'x' } }]
  // @ts-expect-error -- a tool's answer says to which call it belongs
  params.messages.push({ role: 'tool', content: 'x' })
  // @ts-expect-error -- names are types, not values
  void OpenAI.Chat
  void pictured
}

/** Our types are those of the official SDK. */
export function interchangeable(
  chunk: TheirChunk,
  completion: TheirCompletion,
): readonly [ChatCompletionChunk, ChatCompletion] {
  return [chunk, completion]
}

const Trip = z.object({ city: z.string(), days: z.number() })

/** Values, and the tools that a model may use. */
export async function values(): Promise<void> {
  const format = zodResponseFormat(Trip, 'trip')
  const { choices } = await client.chat.completions.parse({ model: 'm', messages, response_format: format })
  const city: string | undefined = choices[0]?.message.parsed?.city
  // @ts-expect-error -- no such field in the schema
  void choices[0]?.message.parsed?.country
  // @ts-expect-error -- a refusal is no value
  choices[0]?.message.parsed.city.trim()
  for await (const event of client.chat.completions.parse({ model: 'm', messages, response_format: Trip })) {
    if (event.type !== 'partial') continue
    const days: number | undefined = event.partial?.days
    // @ts-expect-error -- it may not be there yet
    event.partial.days.toFixed()
    void days
  }
  const plain = await client.chat.completions.parse({ model: 'm', messages })
  const none: null | undefined = plain.choices[0]?.message.parsed
  const completion = client.chat.completions
    .stream({ model: 'm', messages, response_format: format })
    .on('content', (delta, snapshot) => `${delta}${snapshot}`.trim())
    .on('content.done', ({ parsed }) => parsed?.days.toFixed())
    .on('tool_calls.function.arguments.done', ({ name }) => name.trim())
  // @ts-expect-error -- no such event
  completion.on('contents', () => undefined)
  // @ts-expect-error -- text is no number
  completion.on('content', (delta: number) => delta)
  const message = await completion.finalMessage()
  const days: number | undefined = message.parsed?.days
  const run = client.chat.completions.runTools(
    {
      model: 'm',
      messages,
      tools: [
        tool({ name: 'f', parameters: Trip, run: ({ city: place }) => place.trim() }),
        zodFunction({ name: 'g', parameters: Trip, function: ({ days: count }) => count.toFixed() }),
        {
          type: 'function',
          function: { name: 'h', parameters: {}, parse: JSON.parse, function: (args: { a: number }) => args.a },
        },
      ],
    },
    { maxChatCompletions: 3, onToolError: 'message' },
  )
  const content: string | null = await run.finalContent()
  // @ts-expect-error -- the schema says string
  tool({ name: 'f', parameters: Trip, run: ({ city: place }) => place.toFixed() })
  // @ts-expect-error -- a tool needs a name
  zodFunction({ parameters: Trip })
  void [city, none, days, content]
}

/** Many requests, prices, a cache. */
export async function around(): Promise<void> {
  const limiter = new RateLimiter({ requestsPerMinute: 60 })
  const results = await client.batch([{ model: 'm', messages }], { concurrency: 2, limiter, call: { maxRetries: 0 } })
  const [first] = results
  if (first?.status === 'fulfilled') first.value.choices.map(({ index }) => index)
  // @ts-expect-error -- what failed has no value
  void first?.value
  // @ts-expect-error -- requests are requests
  void client.batch([{ model: 'm' }])
  const priced = new OpenAI({ price: costOf, cache: new ResponseCache({ scope: 'me' }) })
  const completion = await priced.chat.completions.create({ model: 'm', messages }, { cache: false })
  const cost: number | undefined = completion.cost?.total
  // @ts-expect-error -- without prices, or usage, there is none
  completion.cost.total.toFixed()
  // @ts-expect-error -- a store is not a cache
  void new OpenAI({ cache: new Map() })
  // @ts-expect-error -- a call can only do without
  void priced.chat.completions.create({ model: 'm', messages }, { cache: true })
  if (completion instanceof OpenAI.APIError) void 0
  void cost
}

/** FastGPT and HolySheep, for those who come from their SDKs. */
export async function others(): Promise<void> {
  const chat = new ChatClient({ apiKey: 'fastgpt-x', baseUrl: 'http://localhost:3000' })
  const response: Response = await chat.createChatCompletion({ messages, stream: true, detail: true, chatId: 'c' })
  for await (const line of iterLines(response)) line.trim()
  for await (const event of iterStreamEvents(response)) {
    if (event.type === 'flowNodeStatus') event.name.trim()
    else if (event.type === 'answer') event.text.trim()
    // @ts-expect-error -- only a question has params
    void event.interactive
  }
  // @ts-expect-error -- Python's name for it
  void new ChatClient({ apiKey: 'k', base_url: 'x' })
  const streaming = new StreamingClient({ apiKey: 'k' }, { maxTokens: 100 })
  const { latencyMs, cost } = await streaming.generate(messages, { temperature: 0 })
  // @ts-expect-error -- a temperature is a number
  void streaming.generate(messages, { temperature: 'hot' })
  const answers = await new StreamingPool({ maxConcurrent: 5 }).batchStream(streaming, [[messages], [messages, {}]])
  void [latencyMs.toFixed(), cost?.total, answers.length]
}

/**
 * A program written for `openai`, as such programs are: messages and requests that grow, tool calls put together from
 * chunks, names of types in signatures. Nothing here runs; migrated.test.ts has it checked as it stands, and again with
 * its imports from `sluice`.
 */
import OpenAI from 'openai'
import { APIError, type ClientOptions } from 'openai'
import type {
  ChatCompletionChunk,
  ChatCompletionContentPart,
  ChatCompletionContentPartImage,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionTool,
} from 'openai/resources/chat/completions'
import type { Embedding } from 'openai/resources/embeddings'
import type { ChatModel, FunctionDefinition, ReasoningEffort } from 'openai/resources/shared'

const options: ClientOptions = { apiKey: 'k', maxRetries: 3, timeout: OpenAI.DEFAULT_TIMEOUT }
const client: OpenAI = new OpenAI(options)
const model: ChatModel = 'gpt-4o'

const definition: FunctionDefinition = { name: 'weather', description: 'Weather of a city' }
definition.parameters = { type: 'object', properties: { city: { type: 'string' } } }
const tools: ChatCompletionTool[] = []
tools.push(
  { type: 'function', function: definition },
  { type: 'custom', custom: { name: 'c', format: { type: 'text' } } },
)

/** The loop over tools that every program has: the model's message goes back as it came. */
export async function converse(messages: OpenAI.ChatCompletionMessageParam[]): Promise<string> {
  for (;;) {
    const completion = await client.chat.completions.create({ model, messages, tools })
    const message = completion.choices[0]?.message
    if (message === undefined) return ''
    messages.push(message)
    const calls: ChatCompletionMessageToolCall[] = message.tool_calls ?? []
    if (calls.length === 0) return message.content ?? ''
    for (const call of calls) {
      if (call.type !== 'function') continue
      const args: { city: string } = JSON.parse(call.function.arguments)
      messages.push({ role: 'tool', tool_call_id: call.id, content: weather(call.function, args.city) })
    }
  }
}

function weather(call: OpenAI.Chat.ChatCompletionMessageFunctionToolCall.Function, city: string): string {
  return `${call.name}: sun in ${city}`
}

/** Tool calls as they are put together by hand. */
export async function gather(params: OpenAI.Chat.ChatCompletionCreateParamsStreaming): Promise<ChatCompletionMessage> {
  params.stream_options = { include_usage: true }
  params.messages.push({ role: 'user', content: [text('Look'), picture('https://x/y.png')] })
  const message: ChatCompletionMessage = { role: 'assistant', content: '', refusal: null }
  const calls: OpenAI.Chat.Completions.ChatCompletionMessageFunctionToolCall[] = []
  const pieces: ChatCompletionChunk.Choice.Delta.ToolCall[] = []
  let usage: OpenAI.CompletionUsage | undefined
  for await (const chunk of await client.chat.completions.create(params)) {
    usage = chunk.usage ?? usage
    const delta = deltaOf(chunk)
    message.content += delta?.content ?? ''
    pieces.push(...(delta?.tool_calls ?? []))
    for (const piece of delta?.tool_calls ?? []) {
      const call = (calls[piece.index] ??= { id: '', type: 'function', function: { name: '', arguments: '' } })
      call.id ||= piece.id ?? ''
      call.function.name += piece.function?.name ?? ''
      call.function.arguments += piece.function?.arguments ?? ''
    }
  }
  message.tool_calls = calls
  console.log(usage?.prompt_tokens_details?.cached_tokens, pieces.length)
  return message
}

function deltaOf(
  chunk: OpenAI.ChatCompletionChunk,
): OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta | undefined {
  return chunk.choices[0]?.delta
}

function text(words: string): ChatCompletionContentPart {
  return { type: 'text', text: words }
}

function picture(
  url: string,
  detail: ChatCompletionContentPartImage.ImageURL['detail'] = 'auto',
): ChatCompletionContentPart {
  return { type: 'image_url', image_url: { url, detail } }
}

/** What a message says, whoever said it. */
export function said(message: ChatCompletionMessageParam): string {
  if (message.role === 'assistant' && message.tool_calls !== undefined)
    return message.tool_calls.map(({ id }) => id).join()
  if (message.role === 'tool') return message.tool_call_id
  if (typeof message.content === 'string') return message.content
  return (message.content ?? []).map((part) => (part.type === 'text' ? part.text : part.type)).join()
}

/** A wrapper with the method's own type, and one with the types of what goes in and out. */
export function logged(create: OpenAI.Chat.Completions['create']): OpenAI.Chat.Completions['create'] {
  return create
}

export async function ask(
  params: Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>,
  effort: ReasoningEffort,
  more?: OpenAI.RequestOptions,
): Promise<OpenAI.ChatCompletion> {
  const request: OpenAI.ChatCompletionCreateParamsNonStreaming = { ...params, model, reasoning_effort: effort }
  request.tool_choice = named('weather')
  request.response_format = { type: 'json_schema', json_schema: schema }
  request.metadata = { ...request.metadata, program: 'x' }
  const completion = await client.chat.completions.create(request, { ...more, signal: AbortSignal.timeout(1000) })
  const { choices, usage } = completion
  const choice: OpenAI.ChatCompletion.Choice | undefined = choices[0]
  console.log(choice?.logprobs?.content?.map(probability), usage?.total_tokens)
  return completion
}

const schema: OpenAI.ResponseFormatJSONSchema['json_schema'] = { name: 'x', schema: { type: 'object' }, strict: true }

function named(name: string): OpenAI.ChatCompletionToolChoiceOption {
  return { type: 'function', function: { name } }
}

function probability({ logprob, top_logprobs: top }: OpenAI.ChatCompletionTokenLogprob): number {
  return Math.exp(logprob) - top.length
}

/** Embeddings, models, older completions. */
export async function others(): Promise<number[]> {
  const body: OpenAI.EmbeddingCreateParams = { model: 'text-embedding-3-small', input: ['a', 'b'] }
  body.dimensions = 8
  const response: OpenAI.CreateEmbeddingResponse = await client.embeddings.create(body)
  const first: Embedding | undefined = response.data[0]
  const coded = await client.embeddings.create({ ...body, encoding_format: 'base64' })
  const names: string[] = []
  for await (const each of client.models.list()) names.push(nameOf(each))
  const { data } = await client.models.list()
  names.push(...data.map(nameOf), coded.data[0]?.embedding.slice(1) ?? '')
  const older: OpenAI.Completion = await client.completions.create({ model, prompt: 'Say', logprobs: 1 })
  return first?.embedding ?? older.choices[0]?.logprobs?.token_logprobs ?? []
}

function nameOf(each: OpenAI.Model): string {
  return each.id
}

/** What went wrong. */
export function reason(error: unknown): string {
  if (error instanceof OpenAI.RateLimitError) return String(error.headers?.get('retry-after'))
  if (error instanceof OpenAI.APIUserAbortError || error instanceof OpenAI.APIConnectionTimeoutError)
    return error.message
  const known: InstanceType<typeof OpenAI.APIError> | undefined = error instanceof APIError ? error : undefined
  return `${known?.status} ${known?.code}`
}

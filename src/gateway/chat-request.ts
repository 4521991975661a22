import { z } from 'zod'
import { SluiceError } from '../errors.ts'

/** A chat request that passed the check; all other fields are kept as they came. */
export interface CheckedChatRequest {
  readonly [field: string]: unknown
  readonly model: string
  readonly stream?: boolean | null | undefined
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined
  readonly n?: number | null | undefined
  /** MegaLLM: models to ask when this one fails, and after which failures. */
  readonly fallback_models?: readonly string[] | null | undefined
  readonly fallback_on_rate_limit?: boolean | null | undefined
  readonly fallback_on_error?: boolean | null | undefined
}

const maybe = <T extends z.ZodType>(type: T) => type.nullable().optional()
const within = (min: number, max: number) => z.number().min(min).max(max)
const count = (min: number, max: number) => z.number().int().min(min).max(max)

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: maybe(z.union([z.string(), z.array(z.looseObject({ type: z.string() }))])),
  name: maybe(z.string()),
  tool_calls: maybe(z.array(z.looseObject({}))),
  tool_call_id: maybe(z.string()),
})

/**
 * What we check of a chat request: the types of OpenAI's fields and the ranges that every provider
 * shares. Other fields are the provider's business and are passed on.
 */
const chatRequest = z.looseObject({
  model: z.string().min(1).max(512),
  messages: z.array(message).min(1),
  stream: maybe(z.boolean()),
  stream_options: maybe(z.looseObject({ include_usage: maybe(z.boolean()) })),
  n: maybe(count(1, 128)),
  max_tokens: maybe(count(0, 10_000_000)),
  max_completion_tokens: maybe(count(0, 10_000_000)),
  temperature: maybe(within(0, 2)),
  top_p: maybe(within(0, 1)),
  frequency_penalty: maybe(within(-2, 2)),
  presence_penalty: maybe(within(-2, 2)),
  stop: maybe(z.union([z.string(), z.array(z.string())])),
  seed: maybe(z.number().int()),
  logprobs: maybe(z.boolean()),
  top_logprobs: maybe(count(0, 20)),
  tools: maybe(z.array(z.looseObject({ type: z.string() }))),
  response_format: maybe(z.looseObject({ type: z.string() })),
  user: maybe(z.string()),
  fallback_models: maybe(z.array(z.string().min(1).max(512)).max(20)),
  fallback_on_rate_limit: maybe(z.boolean()),
  fallback_on_error: maybe(z.boolean()),
})

/** The body as a chat request. Throws `invalid_value` with the path of the first field at fault. */
export function checkChatRequest(body: unknown): CheckedChatRequest {
  const result = chatRequest.safeParse(body)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const param = issue === undefined ? '' : issue.path.map(String).join('.')
  const where = param === '' ? 'The request body' : `'${param}'`
  throw new SluiceError('invalid_value', `${where}: ${issue?.message ?? 'invalid'}`, {
    param: param === '' ? undefined : param,
  })
}

import type { ChatCompletion, ChatCompletionMessage, CompletionChoice, ToolCall } from '../../completion/chunk.ts'
import type { ResponseFormat } from '../../completion/request.ts'
import { type AnyTool, readArguments } from './any-tool.ts'
import { FencedJson } from './fenced-json.ts'
import { ParseError, type NamedSchema, responseFormat } from './parse-error.ts'
import { type ParseableFormat, SCHEMA } from './parseable.ts'
import { describeIssues, type StandardSchema, unchecked } from './schema.ts'

/** What may stand as `response_format` where the answer is read: a schema, or what goes over the wire. */
export type FormatInput = ResponseFormat | ParseableFormat<unknown> | StandardSchema | NamedSchema<StandardSchema>

/** What an answer in this format is; `null` for one that is mere text. */
export type OutputOf<Format> = Format extends { readonly [SCHEMA]: StandardSchema<infer T> }
  ? T
  : Format extends StandardSchema<infer T>
    ? T
    : Format extends { readonly schema: StandardSchema<infer T> }
      ? T
      : Format extends { readonly type: 'json_schema' }
        ? unknown
        : null

/** A tool call with its arguments as a value, where its tool says how to read them. */
export type ParsedToolCall =
  | Exclude<ToolCall, { type: 'function' }>
  | (Extract<ToolCall, { type: 'function' }> & {
      readonly function: { readonly name: string; readonly arguments: string; readonly parsed_arguments?: unknown }
    })

/** A message with its content as a value; `null` when it has none: a refusal, tool calls, mere text. */
export type ParsedMessage<T> = Omit<ChatCompletionMessage, 'tool_calls'> & {
  readonly parsed: T | null
  readonly tool_calls?: ParsedToolCall[]
}

/** A completion whose messages were read. */
export type ParsedChatCompletion<T> = Omit<ChatCompletion, 'choices'> & {
  readonly choices: (Omit<CompletionChoice, 'message'> & { readonly message: ParsedMessage<T> })[]
}

/** How an answer is asked for and read. */
export interface AnswerFormat<T> {
  /** For the request. */
  readonly wire: ResponseFormat | undefined
  /** Checks the answer; `undefined` when it is mere text. */
  readonly schema: StandardSchema<T> | undefined
}

/** @throws OpenAIError when a schema cannot be said as JSON Schema. */
export function formatOf<Format extends FormatInput | undefined>(
  format: Format | undefined,
): AnswerFormat<OutputOf<Format>> {
  const found = findFormat(format)
  // What `OutputOf` says of each kind of format is what its schema gives.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a conditional type cannot be followed by checks
  return found as AnswerFormat<OutputOf<Format>>
}

function findFormat(format: FormatInput | undefined): AnswerFormat<unknown> {
  if (format === undefined) return { wire: undefined, schema: undefined }
  if (SCHEMA in format) return { wire: format, schema: format[SCHEMA] }
  if ('~standard' in format) return { wire: responseFormat({ schema: format }), schema: format }
  if ('schema' in format) return { wire: responseFormat(format), schema: format.schema }
  const isSchema = format.type === 'json_schema'
  return { wire: format, schema: isSchema ? unchecked({}) : undefined }
}

/**
 * The completion with its messages read.
 *
 * @param onWrongArguments `null` where the model is told of them, and may try again.
 * @throws ParseError for an answer that should be a value and was cut off, is no JSON, or is not what its
 * schema wants, and for such arguments of a tool.
 */
export async function parseCompletion<T>(
  completion: ChatCompletion,
  schema: StandardSchema<T> | undefined,
  tools: readonly AnyTool[],
  onWrongArguments: 'error' | 'null' = 'error',
): Promise<ParsedChatCompletion<T>> {
  const withArguments = async (call: ToolCall): Promise<ParsedToolCall> => {
    if (call.type === 'custom') return call
    const { name, arguments: text } = call.function
    const checked = await readArguments(tools, name, text)
    if (checked?.issues !== undefined && onWrongArguments === 'error') {
      const what = `The arguments of ${name} are wrong: ${describeIssues(checked.issues)}`
      throw new ParseError('invalid', what, completion, checked.issues)
    }
    if (checked === undefined) return call
    return {
      ...call,
      function: { ...call.function, parsed_arguments: checked.issues === undefined ? checked.value : null },
    }
  }
  const choices = completion.choices.map(async (choice) => {
    const { tool_calls: calls, ...message } = choice.message
    return {
      ...choice,
      message: {
        ...message,
        parsed: await contentOf(completion, choice, schema),
        ...(calls === undefined ? {} : { tool_calls: await Promise.all(calls.map(withArguments)) }),
      },
    }
  })
  return { ...completion, choices: await Promise.all(choices) }
}

async function contentOf<T>(
  completion: ChatCompletion,
  { message, finish_reason: finish }: CompletionChoice,
  schema: StandardSchema<T> | undefined,
): Promise<T | null> {
  if (schema === undefined || message.refusal) return null
  if (finish === 'length' || finish === 'content_filter')
    throw new ParseError(finish, `The answer was cut off (${finish})`, completion)
  const { content } = message
  if (content === null || (content === '' && message.tool_calls !== undefined)) return null
  const json = new FencedJson()
  json.push(content)
  if (!json.end()) throw new ParseError('not_json', 'The answer is not valid JSON', completion)
  const checked = await schema['~standard'].validate(json.value)
  if (checked.issues === undefined) return checked.value
  throw new ParseError('invalid', `The answer is wrong: ${describeIssues(checked.issues)}`, completion, checked.issues)
}

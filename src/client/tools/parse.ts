import type { ChatCompletion, ChatCompletionChunk } from '../../completion/chunk.ts'
import { isObject } from '../../completion/json.ts'
import type { ChatRequest } from '../../completion/request.ts'
import { type ChatClient, streamCompletion, textOf } from './chat-client.ts'
import { EventRun } from './events.ts'
import { FencedJson } from './fenced-json.ts'
import { type NamedSchema, ParseError, responseFormat } from './parse-error.ts'
import { describeIssues, isStandard, type JsonSchema, type StandardSchema, unchecked } from './schema.ts'

/** A request whose answer is to be a value. */
export interface ParseRequest<S> extends Omit<ChatRequest, 'response_format' | 'stream' | 'n'> {
  readonly response_format: S | NamedSchema<S>
  readonly signal?: AbortSignal | undefined
}

/** A value of which parts may be missing still. */
export type DeepPartial<T> = T extends readonly (infer Item)[]
  ? readonly DeepPartial<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]?: DeepPartial<T[Key]> }
    : T

/** What happens while a value is made. */
export type ParseEvent<T> =
  | { readonly type: 'chunk'; readonly chunk: ChatCompletionChunk }
  | {
      readonly type: 'partial'
      readonly text: string
      /**
       * The value so far, not checked. The same, growing object every time, which costs nothing: copy it
       * (`structuredClone`) to keep it as it is now.
       */
      readonly partial: DeepPartial<T> | undefined
    }

/** The answer as a value that its schema let through. */
export interface Parsed<T> {
  readonly parsed: T
  readonly completion: ChatCompletion
}

/** A value in the making: its events, once, or only the value with `final()`. */
export type ParseRun<T> = EventRun<ParseEvent<T>, Parsed<T>>

/**
 * Asks for a value: streams it as it is made, partial objects and all, and checks the whole with its
 * schema. With a JSON Schema nothing is checked here, and the value is `unknown`.
 *
 * `final()` rejects with a `ParseError` when the model refused, was cut off, or answered with something else.
 *
 * @throws OpenAIError when the schema cannot be said as JSON Schema.
 * @example
 * const run = parse(client, { model, messages, response_format: z.object({ cities: z.array(z.string()) }) })
 * for await (const event of run) if (event.type === 'partial') show(event.partial?.cities)
 * const { parsed } = await run.final()
 */
export function parse<T>(client: ChatClient, request: ParseRequest<StandardSchema<T>>): ParseRun<T>
export function parse(client: ChatClient, request: ParseRequest<JsonSchema>): ParseRun<unknown>
export function parse(client: ChatClient, request: ParseRequest<StandardSchema | JsonSchema>): ParseRun<unknown> {
  const { response_format: format, signal: own, ...rest } = request
  const named = isNamed(format) ? format : { schema: format }
  const schema = isStandard(named.schema) ? named.schema : unchecked(named.schema)
  const wire: ChatRequest = { ...rest, response_format: responseFormat({ ...named, schema }) }
  return new EventRun((signal) => parsing(client, wire, schema, signal), own)
}

/** A JSON Schema has no member `schema`, and a standard one says that it is one. */
function isNamed<S extends object>(format: S | NamedSchema<S>): format is NamedSchema<S> {
  return 'schema' in format && isObject(format.schema) && !('~standard' in format)
}

async function* parsing<T>(
  client: ChatClient,
  request: ChatRequest,
  schema: StandardSchema<T>,
  signal: AbortSignal,
): AsyncGenerator<ParseEvent<T>, Parsed<T>, undefined> {
  const value = new FencedJson()
  const chunks = streamCompletion(client, request, { signal })
  let next = await chunks.next()
  try {
    while (next.done !== true) {
      yield { type: 'chunk', chunk: next.value }
      const text = textOf(next.value)
      if (text !== '') {
        value.push(text)
        const partial = value.value
        yield { type: 'partial', text, partial: isGrowing<T>(partial) ? partial : undefined }
      }
      next = await chunks.next()
    }
  } catch (error) {
    await chunks.throw(error).catch(() => undefined)
    throw error
  }
  return finish(next.value, value, schema)
}

/** Not checked: the type says what there will be, where there is something. */
function isGrowing<T>(value: unknown): value is DeepPartial<T> {
  return value !== undefined
}

async function finish<T>(completion: ChatCompletion, value: FencedJson, schema: StandardSchema<T>): Promise<Parsed<T>> {
  const choice = completion.choices[0]
  const refusal = choice?.message.refusal
  if (refusal) throw new ParseError('refused', `The model refused: ${refusal}`, completion)
  if (choice?.finish_reason === 'length' || choice?.finish_reason === 'content_filter') {
    throw new ParseError(choice.finish_reason, `The answer was cut off (${choice.finish_reason})`, completion)
  }
  if (!value.end()) throw new ParseError('not_json', 'The answer is not valid JSON', completion)
  const checked = await schema['~standard'].validate(value.value)
  if (checked.issues === undefined) return { parsed: checked.value, completion }
  throw new ParseError('invalid', `The answer is wrong: ${describeIssues(checked.issues)}`, completion, checked.issues)
}

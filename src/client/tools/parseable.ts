import type { ResponseFormat, Tool as WireTool } from '../../completion/request.ts'
import { type StandardSchema, toJsonSchema, toStrict } from './schema.ts'

/** Where a format or a tool that goes over the wire has its schema. A symbol: JSON and copies do not have it. */
export const SCHEMA: unique symbol = Symbol.for('sluice.schema')
/** Where a tool has what it runs. */
export const RUN: unique symbol = Symbol.for('sluice.run')

/** A response format that knows how to read the answer it asks for. */
export type ParseableFormat<T> = ResponseFormat & { readonly [SCHEMA]: StandardSchema<T> }

/** A tool that knows how to read its arguments, and, where it has one, the function that takes them. */
export interface ParseableTool<Args> {
  readonly type: 'function'
  readonly function: Extract<WireTool, { type: 'function' }>['function']
  readonly [SCHEMA]: StandardSchema<Args>
  readonly [RUN]?: ((args: Args) => unknown) | undefined
}

/**
 * The response format for a zod or other Standard Schema, as `openai/helpers/zod` has it: for `parse()`,
 * `stream()` and `runTools()`, whose messages then have `parsed`.
 *
 * @param name Letters, digits, `_` and `-`; the model sees it.
 * @throws OpenAIError when the schema cannot be said as JSON Schema.
 * @example
 * const completion = await client.chat.completions.parse({
 *   model, messages, response_format: zodResponseFormat(z.object({ answer: z.string() }), 'answer'),
 * })
 * completion.choices[0]?.message.parsed?.answer
 */
export function zodResponseFormat<T>(
  schema: StandardSchema<T>,
  name: string,
  props: { readonly description?: string } = {},
): ParseableFormat<T> {
  const own = toJsonSchema(schema)
  const strict = toStrict(own)
  const format: ResponseFormat = {
    type: 'json_schema',
    json_schema: { ...props, name, schema: strict ?? own, ...(strict === undefined ? {} : { strict: true }) },
  }
  return { ...format, [SCHEMA]: schema }
}

/**
 * A function tool for a zod or other Standard Schema, as `openai/helpers/zod` has it. Its calls have
 * `function.parsed_arguments`; `runTools()` runs its function.
 *
 * @throws OpenAIError when the schema cannot be said as JSON Schema.
 */
export function zodFunction<Args>(definition: {
  readonly name: string
  readonly parameters: StandardSchema<Args>
  readonly function?: ((args: Args) => unknown) | undefined
  readonly description?: string | undefined
}): ParseableTool<Args> {
  const { name, description, parameters } = definition
  const own = toJsonSchema(parameters)
  const strict = toStrict(own)
  const tool = {
    type: 'function',
    function: {
      name,
      ...(description === undefined ? {} : { description }),
      parameters: strict ?? own,
      ...(strict === undefined ? {} : { strict: true }),
    },
  } as const
  return { ...tool, [SCHEMA]: parameters, [RUN]: definition.function }
}

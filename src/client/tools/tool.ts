import { isObject } from '../../completion/json.ts'
import type { Tool as WireTool } from '../../completion/request.ts'
import {
  type Checked,
  isStandard,
  type JsonSchema,
  type Schema,
  type StandardSchema,
  toJsonSchema,
  toStrict,
} from './schema.ts'

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** Aborts when the run does. */
  readonly signal: AbortSignal
  /** The id of the call, as the model gave it. */
  readonly callId: string
  /** Which step of the run, from 1. */
  readonly step: number
}

/** Arguments that only a JSON Schema describes: an object, nothing more is known of it. */
export type Arguments = { readonly [name: string]: unknown }

/** How a tool is defined. */
export interface ToolDefinition<Args, Parameters extends Schema<Args> = StandardSchema<Args>> {
  /** Letters, digits, `_` and `-`. */
  readonly name: string
  readonly description?: string | undefined
  /** A zod or other Standard Schema, which checks the arguments and types them, or a JSON Schema. */
  readonly parameters: Parameters
  /** For a schema that cannot say itself as JSON Schema. */
  readonly jsonSchema?: JsonSchema | undefined
  /** Whether the model is held to the schema; where the schema allows it unless told. */
  readonly strict?: boolean | undefined
  /** A string goes back to the model as it is, anything else as JSON. */
  run(args: Args, context: ToolContext): unknown
}

/** A tool that the model may call. */
export interface RunnableTool {
  readonly name: string
  /** As it stands in a request. */
  readonly wire: WireTool
  /** `call` wants the arguments as the model wrote them, not as a value. */
  readonly takesText?: true | undefined
  /** Checks the arguments and runs the tool with them; the result, or what was wrong with the arguments. */
  call(args: unknown, context: ToolContext): Promise<Checked<unknown>>
}

/**
 * Defines a tool.
 *
 * @throws OpenAIError when the schema cannot be said as JSON Schema.
 * @example
 * const weather = tool({
 *   name: 'weather',
 *   description: 'Weather of a city, now',
 *   parameters: z.object({ city: z.string() }),
 *   run: ({ city }, { signal }) => fetchWeather(city, signal),
 * })
 */
export function tool<Args>(definition: ToolDefinition<Args>): RunnableTool
export function tool(definition: ToolDefinition<Arguments, JsonSchema>): RunnableTool
export function tool(definition: ToolDefinition<Arguments, Schema<Arguments>>): RunnableTool {
  const { name, description, parameters } = definition
  const schema = isStandard(parameters) ? parameters : objects(parameters)
  const own = definition.jsonSchema ?? toJsonSchema(schema)
  const strict = definition.strict === false ? undefined : toStrict(own)
  return {
    name,
    wire: {
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        parameters: strict ?? own,
        ...(strict === undefined && definition.strict !== true ? {} : { strict: true }),
      },
    },
    async call(args, context) {
      const checked = await schema['~standard'].validate(args)
      return checked.issues === undefined ? { value: await definition.run(checked.value, context) } : checked
    },
  }
}

/** A JSON Schema is not checked here, but for what `run` is promised. */
function objects(schema: JsonSchema): StandardSchema<Arguments> & { readonly toJSONSchema: () => JsonSchema } {
  return {
    '~standard': {
      version: 1,
      vendor: 'json-schema',
      validate: (value) => (isObject(value) ? { value } : { issues: [{ message: 'expected an object' }] }),
    },
    toJSONSchema: () => schema,
  }
}

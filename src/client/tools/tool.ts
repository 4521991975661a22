import type { Tool as WireTool } from '../../completion/request.ts'
import { type JsonSchema, type Output, type Schema, toJsonSchema, toStrict } from './schema.ts'

/** What a tool is told beside its arguments. */
export interface ToolContext {
  /** Aborts when the run does. */
  readonly signal: AbortSignal
  /** The id of the call, as the model gave it. */
  readonly callId: string
  /** Which step of the run, from 1. */
  readonly step: number
}

/** How a tool is defined. */
export interface ToolDefinition<S extends Schema, Result> {
  /** Letters, digits, `_` and `-`. */
  readonly name: string
  readonly description?: string | undefined
  /** A zod or other Standard Schema, which checks the arguments and types them, or a JSON Schema. */
  readonly parameters: S
  /** For a schema that cannot say itself as JSON Schema. */
  readonly jsonSchema?: JsonSchema | undefined
  /** Whether the model is held to the schema; where the schema allows it unless told. */
  readonly strict?: boolean | undefined
  /** A string goes back to the model as it is, anything else as JSON. */
  run(args: Output<S>, context: ToolContext): Result | Promise<Result>
}

/** A tool that the model may call. */
export interface RunnableTool {
  readonly name: string
  /** As it stands in a request. */
  readonly wire: WireTool
  readonly parameters: Schema
  /** With arguments that `parameters` let through. */
  run(args: unknown, context: ToolContext): unknown
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
export function tool<S extends Schema, Result>(definition: ToolDefinition<S, Result>): RunnableTool {
  const { name, description, parameters } = definition
  const own = definition.jsonSchema ?? toJsonSchema(parameters)
  const strict = definition.strict === false ? undefined : toStrict(own)
  return {
    name,
    parameters,
    wire: {
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        parameters: strict ?? own,
        ...(strict === undefined && definition.strict !== true ? {} : { strict: true }),
      },
    },
    // `check` has let the arguments through the schema whose output this takes.
    run: (args, context) => definition.run(args as Output<S>, context),
  }
}

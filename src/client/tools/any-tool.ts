import { isObject, parseJson } from '../../completion/json.ts'
import type { Tool as WireTool } from '../../completion/request.ts'
import { OpenAIError } from '../errors.ts'
import { type ParseableTool, RUN, SCHEMA } from './parseable.ts'
import type { Checked } from './schema.ts'
import type { RunnableTool } from './tool.ts'

/** A tool as OpenAI's SDK runs it: a function beside its definition. */
export interface OpenAIRunnableTool {
  readonly type: 'function'
  readonly function: {
    /** The function's own name unless told. */
    readonly name?: string | undefined
    readonly description?: string | undefined
    /** A JSON Schema, as whichever type. */
    readonly parameters?: object | undefined
    readonly strict?: boolean | null | undefined
    /** Makes arguments of the model's JSON; without it the function gets the text. */
    readonly parse?: ((input: string) => unknown) | undefined
    /** Of any arguments: `parse` makes them. OpenAI's SDK adds its runner and a context; there are none here. */
    readonly function: (args: never, ...others: never[]) => unknown
  }
}

/** A tool in any of its forms: `tool()`, `zodFunction()`, a function beside its definition, or a mere definition. */
export type AnyTool = RunnableTool | ParseableTool<never> | OpenAIRunnableTool | WireTool

/** The tool as it is run. One that is a mere definition fails when it is called. */
export function toRunnable(tool: AnyTool): RunnableTool {
  if ('wire' in tool) return tool
  if (isParseable(tool)) return ofSchema(tool)
  if (isOfficial(tool)) return ofFunction(tool)
  const name = tool.type === 'custom' ? tool.custom.name : tool.function.name
  return {
    name,
    wire: tool,
    call: () => {
      throw new OpenAIError(`The tool ${name} has no function`)
    },
  }
}

/**
 * Arguments as a value that their schema let through, or what is wrong with them; `undefined` for a tool that
 * does not say how to read them.
 */
export async function readArguments(
  tools: readonly AnyTool[],
  name: string,
  text: string,
): Promise<Checked<unknown> | undefined> {
  const tool = tools.find((each) => toRunnable(each).name === name)
  if (tool === undefined || 'wire' in tool || tool.type === 'custom') return undefined
  const value = parseJson(text)
  if (isParseable(tool)) return tool[SCHEMA]['~standard'].validate(value)
  if (tool.function.strict !== true) return undefined
  return value === undefined ? { issues: [{ message: 'not JSON' }] } : { value }
}

function ofSchema(tool: ParseableTool<never>): RunnableTool {
  const run = tool[RUN]
  const { name } = tool.function
  return {
    name,
    wire: { type: 'function', function: tool.function },
    async call(args) {
      if (run === undefined) throw new OpenAIError(`The tool ${name} has no function`)
      const checked = await tool[SCHEMA]['~standard'].validate(args)
      return checked.issues === undefined ? { value: await run(checked.value) } : checked
    },
  }
}

function ofFunction({ function: definition }: OpenAIRunnableTool): RunnableTool {
  const { function: run, parse, name = run.name, description, parameters, strict, ...rest } = definition
  const wire = {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(isObject(parameters) ? { parameters } : {}),
    ...(strict === undefined ? {} : { strict }),
    name,
  }
  return {
    name,
    wire: { type: 'function', function: wire },
    takesText: true,
    async call(text) {
      // What the model wrote is what `parse` is for; without it the function takes text.
      const args = parse === undefined ? text : await parse(String(text))
      return { value: await Reflect.apply(run, undefined, [args]) }
    },
  }
}

function isParseable(tool: object): tool is ParseableTool<never> {
  return SCHEMA in tool
}

function isOfficial(tool: ParseableTool<never> | OpenAIRunnableTool | WireTool): tool is OpenAIRunnableTool {
  return tool.type === 'function' && isObject(tool.function) && typeof tool.function['function'] === 'function'
}

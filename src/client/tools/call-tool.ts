import type { ChatCompletionMessage } from '../../completion/chunk.ts'
import { parseJson } from '../../completion/json.ts'
import { OpenAIError } from '../errors.ts'
import { describeIssues } from './schema.ts'
import type { RunnableTool, ToolContext } from './tool.ts'

/** A call as the model made it. */
export interface RequestedCall {
  readonly id: string
  readonly name: string
  /** JSON text, or what the model wrote in place of it. */
  readonly arguments: string
}

/** How a call ended, and what the model is told of it. */
export type CallOutcome =
  | { readonly type: 'tool_result'; readonly call: RequestedCall; readonly content: string; readonly value: unknown }
  | { readonly type: 'tool_error'; readonly call: RequestedCall; readonly content: string; readonly error: unknown }

/** The model made a call that cannot be run: no such tool, or not the arguments that it takes. */
export class ToolArgumentsError extends OpenAIError {
  override readonly name: string = 'ToolArgumentsError'
}

/** The calls that a message asks for. */
export function requestedCalls(message: ChatCompletionMessage | undefined): readonly RequestedCall[] {
  return (message?.tool_calls ?? []).map((call) =>
    call.type === 'custom'
      ? { id: call.id, name: call.custom.name, arguments: call.custom.input }
      : { id: call.id, name: call.function.name, arguments: call.function.arguments },
  )
}

/** Checks a call's arguments and runs its tool. Never rejects. */
export async function callTool(
  call: RequestedCall,
  tools: readonly RunnableTool[],
  context: ToolContext,
): Promise<CallOutcome> {
  try {
    const tool = tools.find(({ name }) => name === call.name)
    if (tool === undefined) throw new ToolArgumentsError(`There is no tool named ${call.name}`)
    const { value, issues } = {
      value: undefined,
      ...(await tool.call(tool.takesText ? call.arguments : argumentsOf(call), context)),
    }
    if (issues !== undefined) {
      throw new ToolArgumentsError(`The arguments of ${call.name} are wrong: ${describeIssues(issues)}`)
    }
    return { type: 'tool_result', call, content: contentOf(value), value }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { type: 'tool_error', call, content: `Error: ${message}`, error }
  }
}

function argumentsOf(call: RequestedCall): unknown {
  // A tool without parameters is called with no text at all by some engines.
  const value = call.arguments.trim() === '' ? {} : parseJson(call.arguments)
  if (value === undefined) throw new ToolArgumentsError(`The arguments of ${call.name} are not valid JSON`)
  return value
}

function contentOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

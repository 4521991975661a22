import type { ChatCompletionChunk, ToolCall, ToolCallDelta } from './chunk.ts'
import { parseJson } from './json.ts'
import { ToolCalls } from './tool-calls.ts'

/** What a chunk has done to one tool call. */
export interface ToolStep {
  /** The call's place among the calls of the answer. */
  readonly index: number
  /** The call so far. */
  readonly call: ToolCall
  /** What its arguments, or its input, have gained. */
  readonly fresh: string
  /** Whether this is the first step of the call. */
  readonly first: boolean
  /** Whether the call is complete. Nothing follows then. */
  readonly done: boolean
}

/**
 * Follows the tool calls of the first choice as they grow. A call is complete when its arguments are and
 * another call begins, or when the answer ends. Cost is linear in the bytes.
 */
export class ToolProgress {
  readonly #calls = new ToolCalls()
  /** For each call, how much of its input was told; -1 when it is complete. */
  readonly #told: number[] = []

  /** The steps that a chunk is for the calls. */
  take(chunk: ChatCompletionChunk): readonly ToolStep[] {
    const steps: ToolStep[] = []
    for (const { index, delta, finish_reason } of chunk.choices) {
      if (index !== 0) continue
      for (const piece of delta.tool_calls ?? []) {
        const before = this.#calls.size
        this.#calls.add(piece)
        this.#grow(piece, this.#calls.size > before, steps)
      }
      if (finish_reason !== null) this.#end(steps)
    }
    return steps
  }

  #grow(piece: ToolCallDelta, isNew: boolean, steps: ToolStep[]): void {
    for (const [index, call] of this.#list().entries()) {
      const told = this.#told[index]
      const input = inputOf(call)
      if (told === -1) continue
      if (isNew && told !== undefined && parseJson(input) !== undefined) {
        steps.push(this.#done(index, call))
      } else if (told === undefined || input.length > told) {
        this.#told[index] = input.length
        steps.push({ index, call, fresh: freshOf(piece, input, told ?? 0), first: told === undefined, done: false })
      }
    }
  }

  #end(steps: ToolStep[]): void {
    for (const [index, call] of this.#list().entries())
      if (this.#told[index] !== -1) steps.push(this.#done(index, call))
  }

  #done(index: number, call: ToolCall): ToolStep {
    this.#told[index] = -1
    return { index, call, fresh: '', first: false, done: true }
  }

  #list(): readonly ToolCall[] {
    return this.#calls.list((position) => `call_${position}`)
  }
}

/** A call's arguments, or a custom tool's input. */
export function inputOf(call: ToolCall): string {
  return call.type === 'custom' ? call.custom.input : call.function.arguments
}

/**
 * The end of `input` behind `told`. Mostly that is the piece itself; to cut it out of the whole would make
 * V8 join the whole for each piece, which costs the square of its length.
 */
function freshOf(piece: ToolCallDelta, input: string, told: number): string {
  const own = piece.function?.arguments ?? piece.custom?.input
  return typeof own === 'string' && own.length === input.length - told ? own : input.slice(told)
}

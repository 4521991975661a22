import type { ChatCompletionChunk, ToolCall } from '../completion/chunk.ts'
import { PartialJson } from '../completion/partial-json.ts'
import { ToolProgress } from '../completion/tool-progress.ts'

/** A tool call on its way. */
export interface ToolCallProgress {
  /** Its place among the calls of the answer. */
  readonly index: number
  /** The call so far; its arguments are the text that has arrived. */
  readonly call: ToolCall
  /**
   * The arguments so far, as far as they can be read: the same growing object every time. `undefined` before
   * the first sign of a value, and for input that is no JSON.
   */
  readonly arguments: unknown
  /** Whether the call is complete. */
  readonly done: boolean
}

/** Reads the arguments of tool calls while they grow. */
export class ToolCallReader {
  readonly #progress = new ToolProgress()
  readonly #inputs: PartialJson[] = []

  take(chunk: ChatCompletionChunk): readonly ToolCallProgress[] {
    return this.#progress.take(chunk).map(({ index, call, fresh, done }) => {
      const input = (this.#inputs[index] ??= new PartialJson())
      if (call.type === 'function') input.push(fresh)
      return { index, call, arguments: input.value, done }
    })
  }
}

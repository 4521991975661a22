import type { ToolCall } from '../completion/chunk.ts'
import type { ParsedChunk } from '../completion/parse.ts'
import { PartialJson } from '../completion/partial-json.ts'
import { ToolCalls } from '../completion/tool-calls.ts'

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

/** Follows the tool calls of the first choice. Cost is linear in the bytes. */
export class ToolCallTracker {
  readonly #calls = new ToolCalls()
  readonly #inputs: { readonly reader: PartialJson; length: number; done: boolean }[] = []

  /** What a chunk says of the calls: those that grew, those that are complete now. */
  take({ chunk }: ParsedChunk): readonly ToolCallProgress[] {
    const choice = chunk.choices.find(({ index }) => index === 0)
    if (choice === undefined) return []
    const before = this.#calls.size
    for (const delta of choice.delta.tool_calls ?? []) this.#calls.add(delta)
    const grown = choice.delta.tool_calls !== undefined
    const finished = choice.finish_reason !== null
    if (!grown && !finished) return []
    // A call is complete when another begins, or the answer ends.
    const firstOpen = finished ? this.#calls.size : this.#calls.size > before ? this.#calls.size - 1 : undefined
    return this.#progress(firstOpen)
  }

  #progress(firstOpen: number | undefined): readonly ToolCallProgress[] {
    const list = this.#calls.list((position) => `call_${position}`)
    return list.flatMap((call, index) => {
      const input = (this.#inputs[index] ??= { reader: new PartialJson(), length: 0, done: false })
      if (input.done) return []
      const text = call.type === 'custom' ? '' : call.function.arguments
      const fresh = text.slice(input.length)
      if (fresh !== '') input.reader.push(fresh)
      input.length = text.length
      input.done = firstOpen !== undefined && index < firstOpen
      return fresh === '' && !input.done ? [] : [{ index, call, arguments: input.reader.value, done: input.done }]
    })
  }
}

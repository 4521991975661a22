import type { ParsedChunk } from '../completion/parse.ts'
import type { ChatBody } from './outgoing.ts'

const NOTHING: readonly ParsedChunk[] = []

/**
 * Holds an answer back until there is something to show, so that until then a failure can be mended
 * unseen. With `hold_tool_calls` it also holds tool calls until they are complete, since a half-shown
 * one could never be continued.
 */
export class Gate {
  readonly #holdsToolCalls: boolean
  #isOpen = false
  #held: ParsedChunk[] = []

  constructor(body: ChatBody) {
    this.#holdsToolCalls = body['hold_tool_calls'] === true
  }

  /** What may be shown now, of these chunks and of those held before. */
  pass(chunks: readonly ParsedChunk[]): readonly ParsedChunk[] {
    if (this.#isOpen && !this.#holdsToolCalls) return chunks
    this.#held.push(...chunks)
    const isFinished = chunks.some((chunk) => chunk.finished)
    if (!isFinished && this.#holdsToolCalls && this.#held.some(callsTool)) return NOTHING
    // A finished answer is shown even if nothing in it is visible.
    if (!this.#isOpen && !isFinished && !chunks.some((chunk) => chunk.visible)) return NOTHING
    this.#isOpen = true
    const shown = this.#held
    this.#held = []
    return shown
  }
}

function callsTool({ chunk }: ParsedChunk): boolean {
  return chunk.choices.some(({ delta }) => delta.tool_calls !== undefined && delta.tool_calls.length > 0)
}

import type { AnswerItem } from '../dialect/writer.ts'
import type { ChatBody } from './outgoing.ts'

const NONE: readonly AnswerItem[] = []

/**
 * Holds an answer back until there is something to show, so that until then a failure can be mended
 * unseen. With `hold_tool_calls` it also holds tool calls until they are complete, since a half-shown
 * one could never be continued. Named events pass at once: they tell of progress, and a second attempt's tell
 * of its own.
 */
export class Gate {
  readonly #holdsToolCalls: boolean
  #isOpen = false
  #held: readonly AnswerItem[] = NONE

  constructor(body: ChatBody) {
    this.#holdsToolCalls = body['hold_tool_calls'] === true
  }

  /** What may be shown now, of these and of those held before. */
  pass(items: readonly AnswerItem[]): readonly AnswerItem[] {
    if (this.#isOpen && !this.#holdsToolCalls) return items
    if (!this.#opens(items)) {
      const events = items.filter(isEvent)
      this.#held = [...this.#held, ...(events.length === 0 ? items : items.filter((item) => !isEvent(item)))]
      return events
    }
    this.#isOpen = true
    const shown = [...this.#held, ...items]
    this.#held = NONE
    return shown
  }

  #opens(items: readonly AnswerItem[]): boolean {
    // A finished answer is shown even if nothing in it is visible.
    if (items.some((item) => item.type === 'chunk' && item.finished)) return true
    if (this.#holdsToolCalls && (this.#held.some(callsTool) || items.some(callsTool))) return false
    return this.#isOpen || items.some((item) => item.type === 'chunk' && item.visible)
  }
}

const isEvent = (item: AnswerItem): boolean => item.type === 'event'

function callsTool(item: AnswerItem): boolean {
  if (item.type !== 'chunk') return false
  return item.chunk.choices.some(({ delta }) => delta.tool_calls !== undefined && delta.tool_calls.length > 0)
}

import type { ChatCompletionChunk, ToolCallDelta } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'

/** Makes other chunks of a provider's chunks on their way into the log. Named events stay as they are. */
export type Rewrite = (items: readonly AnswerItem[]) => readonly AnswerItem[]

/**
 * For callers that did not ask for usage: without the chunks that have no choices (PROTOCOL 3). They
 * are counted all the same, and kept with the stream's outcome.
 */
export const withoutBare: Rewrite = (items) => (items.some(isBare) ? items.filter((item) => !isBare(item)) : items)

const isBare = (item: AnswerItem): boolean => item.type === 'chunk' && item.bare

/**
 * For callers whose client refuses what their provider sends (`X-Stream-Repair: on`): chunks as OpenAI
 * would send them, instead of verbatim. An empty id, time or model is the first one's that was not;
 * tool calls without an index (Mistral, Gemini) get one: by id, else a new one for each name, else the
 * last one's. One per stream.
 */
export function createRepair(streamId: string, created: number): Rewrite {
  let id = ''
  let model = ''
  let time = 0
  const calls = new ToolCallIndexes()
  return (items) =>
    items.map((parsed) => {
      if (parsed.type !== 'chunk') return parsed
      const { chunk } = parsed
      if (chunk.id !== '') id = chunk.id
      if (chunk.model !== '') model = chunk.model
      if (chunk.created !== 0) time = chunk.created
      const repaired: ChatCompletionChunk = {
        ...chunk,
        id: id === '' ? `chatcmpl-${streamId}` : id,
        model,
        created: time === 0 ? created : time,
        choices: chunk.choices.map((choice) => {
          const { tool_calls: deltas } = choice.delta
          if (deltas === undefined) return choice
          return {
            ...choice,
            delta: { ...choice.delta, tool_calls: deltas.map((call) => calls.indexed(choice.index, call)) },
          }
        }),
      }
      return { ...parsed, chunk: repaired, data: JSON.stringify(repaired) }
    })
}

/** Which index each tool call of each choice has. */
class ToolCallIndexes {
  readonly #ids = new Map<number, (string | undefined)[]>()

  indexed(choice: number, call: ToolCallDelta): ToolCallDelta {
    const ids = this.#ids.get(choice) ?? []
    this.#ids.set(choice, ids)
    const given: number | undefined = call.index
    const index = given ?? this.#find(ids, call)
    const isFirst = ids[index] === undefined
    ids[index] ??= call.id
    return { ...call, index, ...(isFirst && call.function !== undefined ? { type: call.type ?? 'function' } : {}) }
  }

  #find(ids: readonly (string | undefined)[], { id, function: called }: ToolCallDelta): number {
    if (id !== undefined && id !== '') {
      const known = ids.indexOf(id)
      return known === -1 ? ids.length : known
    }
    return called?.name !== undefined && called.name !== '' ? ids.length : Math.max(0, ids.length - 1)
  }
}

import { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk, Delta } from '../completion/chunk.ts'

/**
 * What has arrived of an answer, for when it is asked for: a partial answer, what is to be continued. It
 * costs every stream, so chunks that bring nothing but more of the same text, or of the same tool call's
 * arguments, are only joined to a string until then, and no chunk is kept.
 *
 * Readers of one stream (`tee`) tell it the same things; each event counts once, by its place.
 */
export class Received {
  readonly #accumulator = new Accumulator()
  #text = ''
  /** The tool call whose arguments `#text` is; `undefined` when it is the answer's text. */
  #call: number | undefined = undefined
  #count = 0
  #last: ChatCompletionChunk | undefined = undefined

  /** Whether nothing has arrived. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The event at this place is a chunk. */
  chunk(place: number, chunk: ChatCompletionChunk): void {
    if (place !== this.#count) return
    this.#count++
    const more = this.#last === undefined ? undefined : moreOf(chunk)
    if (more === undefined) {
      this.#flush()
      this.#last = chunk
      this.#accumulator.add(chunk)
      return
    }
    if (more.call !== this.#call) this.#flush()
    this.#call = more.call
    this.#text += more.text
  }

  /** The event at this place is a chunk like the last one, with this text. */
  text(place: number, text: string): void {
    if (place !== this.#count) return
    this.#count++
    if (this.#call !== undefined) this.#flush()
    this.#text += text
  }

  /** The event at this place is no chunk. */
  other(place: number): void {
    if (place === this.#count) this.#count++
  }

  /** Everything so far, folded. */
  get folded(): Accumulator {
    this.#flush()
    return this.#accumulator
  }

  /** The completion so far. */
  get completion(): ChatCompletion {
    return this.folded.completion()
  }

  #flush(): void {
    const text = this.#text
    const call = this.#call
    this.#text = ''
    this.#call = undefined
    if (text === '' || this.#last === undefined) return
    const { id, created, model } = this.#last
    const delta =
      call === undefined ? { content: text } : { tool_calls: [{ index: call, function: { arguments: text } }] }
    const choices = [{ index: 0, delta, finish_reason: null }]
    this.#accumulator.add({ id, object: 'chat.completion.chunk', created, model, choices })
  }
}

/** More of the same: text, or the arguments of a tool call that was begun. */
interface More {
  readonly text: string
  readonly call: number | undefined
}

/** What a chunk brings when it is nothing else, so that nothing is lost when only that is kept. */
function moreOf(chunk: ChatCompletionChunk): More | undefined {
  const choice = chunk.choices[0]
  if (choice === undefined || chunk.choices.length > 1 || choice.index !== 0 || choice.finish_reason !== null)
    return undefined
  if (choice.logprobs || chunk.usage || chunk.x_groq) return undefined
  const { content, tool_calls: calls } = choice.delta
  if (calls !== undefined) return content ? undefined : moreArguments(choice.delta)
  for (const name in choice.delta) if (name !== 'content' && name !== 'role') return undefined
  return typeof content === 'string' ? { text: content, call: undefined } : undefined
}

function moreArguments(delta: Delta): More | undefined {
  const [call, another] = delta.tool_calls ?? []
  if (call === undefined || another !== undefined) return undefined
  for (const name in delta) if (name !== 'tool_calls') return undefined
  for (const name in call) if (name !== 'index' && name !== 'function') return undefined
  for (const name in call.function) if (name !== 'arguments') return undefined
  // Gemini leaves the index away.
  const index: number | undefined = call.index
  const text: unknown = call.function?.arguments
  return index !== undefined && typeof text === 'string' ? { text, call: index } : undefined
}

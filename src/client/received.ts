import type { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../completion/chunk.ts'
import { loaded } from './later.ts'

/** What has arrived is folded for good once so many pieces of it wait. */
const MAX_KEPT = 256

/**
 * What has arrived of an answer, for when it is asked for: a partial answer, what is to be continued. It
 * costs every stream, so chunks that bring nothing but more of the same text, or of the same tool call's
 * arguments, are only joined to a string until then; of the others the JSON is kept, because the reader may
 * change the objects. What folds them is loaded when it is needed: most programs never ask.
 *
 * Readers of one stream (`tee`) tell it the same things; each event counts once, by its place.
 */
export class Received {
  #accumulator: Accumulator | undefined = undefined
  #kept: string[] = []
  #text = ''
  /** The tool call whose arguments `#text` is; `undefined` when it is the answer's text. */
  #call: number | undefined = undefined
  #count = 0
  #head: Pick<ChatCompletionChunk, 'id' | 'created' | 'model'> | undefined = undefined
  /** The text of the first choice, as far as it can be told without folding. */
  #plain = ''

  /** Whether nothing has arrived. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** The event at this place is a chunk; `data` is its JSON. */
  chunk(place: number, chunk: ChatCompletionChunk, data: string): void {
    if (place !== this.#count) return
    this.#count++
    this.#flush()
    const { id, created, model, choices } = chunk
    this.#head ??= { id, created, model }
    for (const { index, delta } of choices) if (index === 0) this.#plain += delta.content ?? ''
    this.#keep(data)
  }

  /** The event at this place is a chunk that brings more text, or more arguments of this tool call. */
  more(place: number, call: number | undefined, text: string): void {
    if (place !== this.#count) return
    this.#count++
    if (call !== this.#call) this.#flush()
    this.#call = call
    this.#text += text
  }

  /** The event at this place is no chunk. */
  other(place: number): void {
    if (place === this.#count) this.#count++
  }

  /**
   * Everything so far, folded.
   *
   * @throws APIConnectionError when what folds it cannot be loaded.
   */
  async folded(): Promise<Accumulator> {
    const part = await loaded(import('../completion/accumulate.ts'))
    const accumulator = (this.#accumulator ??= new part.Accumulator())
    this.#flush()
    const kept = this.#kept
    this.#kept = []
    for (const data of kept) accumulator.add(JSON.parse(data))
    return accumulator
  }

  /** The completion so far; only the text of the first choice when what folds the rest cannot be loaded. */
  async completion(): Promise<ChatCompletion> {
    const accumulator = await this.folded().catch(() => undefined)
    if (accumulator !== undefined) return accumulator.completion()
    const { id, created, model } = this.#head ?? { id: '', created: 0, model: '' }
    const message = {
      role: 'assistant',
      content: this.#plain + (this.#call === undefined ? this.#text : ''),
      refusal: null,
    } as const
    const choices = [{ index: 0, message, finish_reason: null, logprobs: null }]
    return { id, object: 'chat.completion', created, model, choices }
  }

  #keep(data: string): void {
    this.#kept.push(data)
    if (this.#kept.length % MAX_KEPT === 0) this.folded().catch(() => undefined)
  }

  #flush(): void {
    const text = this.#text
    const call = this.#call
    this.#text = ''
    this.#call = undefined
    if ((text === '' && call === undefined) || this.#head === undefined) return
    if (call === undefined) this.#plain += text
    const delta =
      call === undefined ? { content: text } : { tool_calls: [{ index: call, function: { arguments: text } }] }
    const choices = [{ index: 0, delta, finish_reason: null }]
    this.#keep(JSON.stringify({ ...this.#head, object: 'chat.completion.chunk', choices }))
  }
}

import type { ChatCompletionChunk, Usage } from '../completion/chunk.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { addUsage } from './add-usage.ts'
import { GrowingText } from './growing-text.ts'

/** What all chunks of a stream have in common. */
type Identity = Pick<ChatCompletionChunk, 'id' | 'created' | 'model'>

/**
 * What a stream's readers have been shown, over all its attempts: what a continuation has to go on
 * from, and the identity that the whole stream keeps.
 */
export class Sent {
  readonly #text = new GrowingText()
  /** The first chunk: its id, time and model are the stream's. */
  first: Identity | undefined
  /** Chunks with visible deltas: about as many as tokens. */
  tokens = 0
  #isPlain = true
  #attemptTokens = 0
  #attemptUsage: Usage | undefined
  #spent: Usage | undefined
  #isEstimated = false

  /** The visible text of choice 0. */
  get text(): string {
    return this.#text.toString()
  }

  /** Its length, in UTF-16 code units. */
  get length(): number {
    return this.#text.length
  }

  /** Whether nothing but text of one choice was shown: the only thing that can be continued. */
  get isPlain(): boolean {
    return this.#isPlain && this.#text.length > 0
  }

  /** Whether a part of the usage was counted here and not by a provider. */
  get isEstimated(): boolean {
    return this.#isEstimated
  }

  /** These were shown. */
  follow(items: readonly AnswerItem[]): void {
    for (const item of items) {
      if (item.type !== 'chunk') continue
      const { usage, visible, text } = item
      if (this.first === undefined) this.#meet(item.chunk)
      if (usage !== undefined) this.#attemptUsage = usage
      if (visible) {
        this.tokens++
        this.#attemptTokens++
      }
      if (text !== undefined) {
        this.#text.add(text)
        continue
      }
      for (const { index, delta, logprobs } of item.chunk.choices) {
        if (typeof delta.content === 'string') this.#text.add(delta.content)
        else if (delta.content != null) this.#isPlain = false
        if (index !== 0 || delta.refusal != null || logprobs != null) this.#isPlain = false
        if (delta.tool_calls !== undefined && delta.tool_calls.length > 0) this.#isPlain = false
        if (delta.function_call != null) this.#isPlain = false
      }
    }
  }

  /** Not the chunk: all that it has would be kept with it. */
  #meet({ id, created, model }: ChatCompletionChunk): void {
    this.first = { id, created, model }
  }

  /** The attempt is over without an end: what it used counts all the same, estimated where it did not say. */
  closeAttempt(): void {
    const usage = this.#attemptUsage ?? estimate(this.#attemptTokens)
    if (this.#attemptUsage === undefined) this.#isEstimated = true
    this.#spent = this.#spent === undefined ? usage : addUsage(this.#spent, usage)
    this.#attemptTokens = 0
    this.#attemptUsage = undefined
  }

  /** The stream's usage, given the running attempt's. */
  total(usage: Usage): Usage {
    if (this.#spent === undefined) return usage
    const total = addUsage(this.#spent, usage)
    return this.#isEstimated ? { ...total, estimated: true } : total
  }
}

/** What a cut attempt used, as far as we know: a chunk is about a token, and its prompt was not told to us. */
function estimate(tokens: number): Usage {
  return { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens }
}

import type { ChatCompletion, ChatCompletionChunk, Usage } from './chunk.ts'
import { GatheredChoice, type FlawKind } from './gathered-choice.ts'
import { isObject, said, type JsonObject } from './json.ts'
import { keep } from './keep.ts'
import { repairChunk } from './repair.ts'
import { usageOf } from './usage.ts'

/** What keeps a stream from being an answer. */
export interface Flaw {
  readonly kind: FlawKind | 'no_choice'
  /** The choice concerned; -1 when there is none. */
  readonly choice: number
}

const KNOWN: ReadonlySet<string> = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'obfuscation'])

/**
 * Folds chunks into the completion they are the steps of. Takes chunks from `parseEvent` as well as
 * straight from JSON.parse. Cost is linear in the bytes, however many pieces they come in.
 *
 * Reasoning is given as `reasoning_content`, whichever of its names it came by. The id, time and model
 * are the first that say something. Usage is the last. `obfuscation` is dropped; unknown fields are kept
 * where they stood.
 *
 * @example
 * const accumulator = new Accumulator()
 * for (const chunk of chunks) accumulator.add(chunk)
 * if (accumulator.flaw === undefined) show(accumulator.completion())
 */
export class Accumulator {
  #id = ''
  #created = 0
  #model = ''
  #usage: Usage | undefined = undefined
  readonly #choices = new Map<number, GatheredChoice>()
  readonly #others: JsonObject = {}

  /** Every choice that was started has its finish_reason, and there is one. */
  get finished(): boolean {
    if (this.#choices.size === 0) return false
    for (const choice of this.#choices.values()) if (choice.finishReason === null) return false
    return true
  }

  /** The text of the first choice so far; '' while there is none. */
  get text(): string {
    return this.#choices.get(0)?.content ?? ''
  }

  /** The reasoning of the first choice so far; '' while there is none. */
  get reasoning(): string {
    return this.#choices.get(0)?.reasoning ?? ''
  }

  /** The last usage told. */
  get usage(): Usage | undefined {
    return this.#usage
  }

  /**
   * Why what came so far is no complete answer: no choice, no finish_reason, not the assistant's, nothing
   * in it, or a tool call without a name. `undefined` when it is one.
   */
  get flaw(): Flaw | undefined {
    if (this.#choices.size === 0) return { kind: 'no_choice', choice: -1 }
    for (const [choice, gathered] of this.#choices) {
      const kind = gathered.flaw
      if (kind !== undefined) return { kind, choice }
    }
    return undefined
  }

  /**
   * Adds a chunk. It is repaired in place where it differs from its type; one that cannot be (a wrong
   * index) adds nothing.
   */
  add(chunk: ChatCompletionChunk): void {
    if (!isObject(chunk) || repairChunk(chunk) !== undefined) return
    if (this.#id === '') this.#id = chunk.id
    if (this.#created === 0) this.#created = chunk.created
    if (this.#model === '') this.#model = chunk.model
    this.#usage = usageOf(chunk) ?? this.#usage
    for (const choice of chunk.choices) {
      let gathered = this.#choices.get(choice.index)
      if (gathered === undefined) this.#choices.set(choice.index, (gathered = new GatheredChoice(choice.index)))
      gathered.add(choice)
    }
    for (const key in chunk) {
      if (!KNOWN.has(key)) keep(this.#others, key, Reflect.get(chunk, key))
    }
  }

  /** The completion so far. What is added later does not change it. */
  completion(): ChatCompletion {
    const scope = said(this.#id) === undefined ? 'call' : `call_${this.#id}`
    const choices = [...this.#choices].toSorted(([a], [b]) => a - b)
    return {
      id: this.#id,
      object: 'chat.completion',
      created: this.#created,
      model: this.#model,
      choices: choices.map(([index, choice]) => choice.toChoice((position) => `${scope}_${index}_${position}`)),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
      ...this.#others,
    }
  }
}

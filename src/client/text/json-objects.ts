import type { Json } from '../../completion/json-tree.ts'
import { PartialJson } from '../../completion/partial-json.ts'
import { type TextStage, type TextStep, textStage } from './stage.ts'

/** What counts as a value. */
export interface JsonObjectsOptions {
  /**
   * `false`: only objects count, and those in an array are given one by one as they complete; a citation
   * like `[1]` in prose gives nothing. Arrays count unless told.
   */
  readonly arrays?: boolean | undefined
  /** Characters a value may have; what is longer is taken for text. 1,048,576 unless told. */
  readonly maxLength?: number | undefined
}

/**
 * The JSON objects and arrays of a text, each as soon as it is complete, parsed. Around them may be
 * prose, code fences, anything: what begins like JSON is text as well from where it stops being it.
 * Nothing is given of a value that the text's end cuts off.
 *
 * @example
 * for await (const value of jsonObjects()(stream.text())) use(value)
 */
export function jsonObjects(options: JsonObjectsOptions = {}): TextStage<Json> {
  return textStage(() => new JsonObjects(options))
}

class JsonObjects implements TextStep<Json> {
  readonly #start: RegExp
  readonly #maxLength: number
  /** A value that has begun, and how much of it has been read. */
  #reader: PartialJson | undefined = undefined
  #length = 0

  constructor(options: JsonObjectsOptions) {
    this.#start = options.arrays === false ? /\{/g : /[{[]/g
    this.#maxLength = options.maxLength ?? 1_048_576
  }

  push(text: string): readonly Json[] {
    const found: Json[] = []
    for (let at = this.#begin(text, 0); at < text.length; at = this.#begin(text, at)) {
      const reader = this.#reader
      if (reader === undefined) break
      const rest = text.slice(0, at + this.#maxLength - this.#length)
      const end = reader.push(rest, at)
      this.#length += end - at
      at = end
      if (reader.state === 'complete' && reader.value !== undefined) found.push(reader.value)
      // After a false start the same character may begin a value: `{{"a":1}}`.
      if (reader.state !== 'open' || this.#length >= this.#maxLength) this.#reader = undefined
    }
    return found
  }

  end(): readonly Json[] {
    return []
  }

  /** Where reading goes on: here when inside of a value, else where the next one may begin. */
  #begin(text: string, from: number): number {
    if (this.#reader !== undefined) return from
    this.#start.lastIndex = from
    const start = this.#start.exec(text)
    if (start === null) return text.length
    this.#reader = new PartialJson()
    this.#length = 0
    return start.index
  }
}

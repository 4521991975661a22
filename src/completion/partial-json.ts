import { JsonString } from './json-string.ts'
import { copyJson, type Json, JsonTree } from './json-tree.ts'

/** What may come next. */
type Expect =
  | 'value'
  | 'value-or-end'
  | 'key'
  | 'key-or-end'
  | 'colon'
  | 'comma-or-end'
  | 'string'
  | 'scalar'
  | 'nothing'

/** Deeper nesting than this is refused: nobody means it, and every level costs. */
const DEPTH = 128
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null }
/**
 * Reads one JSON value as its text arrives; the value so far can be looked at any time, for a cost that
 * does not grow with what came before. What it gives only ever grows towards the final value: strings get
 * longer, arrays and objects get more members. A member appears with the first sign of its value; numbers
 * and words (`true`) appear when they are complete, and escapes and surrogate pairs when they are whole.
 * Strict as `JSON.parse`, and like it safe against a key named `__proto__`.
 *
 * @example
 * const reader = new PartialJson()
 * reader.push('{"city":"Par')
 * reader.value // { city: 'Par' }
 */
export class PartialJson {
  readonly #depth: number
  readonly #tree = new JsonTree()
  #expect: Expect = 'value'
  #state: 'open' | 'complete' | 'invalid' = 'open'
  /** The number or word being read. */
  #text = ''
  #string = new JsonString()
  /** The string being read is a key. */
  #isKey = false

  /** `depth`: how deeply values may nest; 128 unless told. */
  constructor(options: { readonly depth?: number | undefined } = {}) {
    this.#depth = options.depth ?? DEPTH
  }

  /**
   * The value so far; `undefined` before its first sign. It is the same, growing object every time:
   * copy it (`snapshot`) to keep it as it is now.
   */
  get value(): Json | undefined {
    return this.#tree.root
  }

  /** `invalid`: what came is not JSON; the value stays as it was. */
  get state(): 'open' | 'complete' | 'invalid' {
    return this.#state
  }

  /** The value so far, as a copy that stays as it is. */
  snapshot(): Json | undefined {
    const value = this.#tree.root
    return value === undefined ? undefined : copyJson(value)
  }

  /**
   * Takes the next piece, from `from` on. Returns where it stopped reading: the end of the piece, the
   * place after the value's last character, or the first character that cannot be.
   */
  push(piece: string, from = 0): number {
    let at = from
    while (at < piece.length && this.#state === 'open') at = this.#step(piece, at)
    if (this.#expect === 'string' && !this.#isKey) this.#tree.replace(this.#string.text)
    return at
  }

  #step(piece: string, at: number): number {
    if (this.#expect === 'string') return this.#inString(piece, at)
    const char = piece[at] ?? ''
    if (this.#expect === 'scalar') return this.#inScalar(char, at)
    if (char === ' ' || char === '\n' || char === '\r' || char === '\t') return at + 1
    return this.#token(char) ? at + 1 : this.#fail(at)
  }

  /** A character between values; false when it cannot stand there. */
  #token(char: string): boolean {
    switch (this.#expect) {
      case 'value':
        return this.#begin(char)
      case 'value-or-end':
        return char === ']' ? this.#close() : this.#begin(char)
      case 'key':
      case 'key-or-end':
        if (char === '}' && this.#expect === 'key-or-end') return this.#close()
        this.#startString(true)
        return char === '"'
      case 'colon':
        this.#expect = 'value'
        return char === ':'
      case 'comma-or-end':
        return this.#afterValue(char)
      case 'string':
      case 'scalar':
      case 'nothing':
        return false
    }
  }

  #begin(char: string): boolean {
    if (char === '{') return this.#open({}, 'key-or-end')
    if (char === '[') return this.#open([], 'value-or-end')
    if (char === '"') {
      this.#tree.add('')
      this.#startString(false)
      return true
    }
    this.#text = char
    this.#expect = 'scalar'
    return /[-0-9tfn]/.test(char)
  }

  #afterValue(char: string): boolean {
    const isArray = this.#tree.inArray
    if (char === ',') {
      this.#expect = isArray ? 'value' : 'key'
      return true
    }
    return char === (isArray ? ']' : '}') && this.#close()
  }

  #open(container: Json[] | Record<string, Json>, expect: Expect): boolean {
    if (this.#tree.depth >= this.#depth) return false
    this.#tree.open(container)
    this.#expect = expect
    return true
  }

  #close(): boolean {
    this.#tree.close()
    this.#settle()
    return true
  }

  /** A value is complete. */
  #settle(): void {
    if (this.#tree.depth > 0) this.#expect = 'comma-or-end'
    else {
      this.#expect = 'nothing'
      this.#state = 'complete'
    }
  }

  #startString(isKey: boolean): void {
    this.#string = new JsonString()
    this.#isKey = isKey
    this.#expect = 'string'
  }

  #inString(piece: string, from: number): number {
    const at = this.#string.push(piece, from)
    if (this.#string.state === 'invalid') return this.#fail(at)
    if (this.#string.state === 'open') return at
    if (this.#isKey) {
      this.#tree.key = this.#string.text
      this.#expect = 'colon'
    } else {
      this.#tree.replace(this.#string.text)
      this.#settle()
    }
    return at
  }

  /** The character after a number or word belongs to what comes next, and is not consumed. */
  #inScalar(char: string, at: number): number {
    if (/[-+.0-9A-Za-z]/.test(char)) {
      this.#text += char
      return this.#mayBecomeScalar() ? at + 1 : this.#fail(at)
    }
    const word = WORDS[this.#text]
    if (word === undefined && !NUMBER.test(this.#text)) return this.#fail(at)
    this.#tree.add(word === undefined ? Number(this.#text) : word)
    this.#settle()
    return at
  }

  #mayBecomeScalar(): boolean {
    const text = this.#text
    if (/^[-0-9]/.test(text)) return /[-+.0-9eE]$/.test(text)
    return Object.keys(WORDS).some((word) => word.startsWith(text))
  }

  #fail(at: number): number {
    this.#state = 'invalid'
    return at
  }
}

/**
 * The best value of a JSON text that may not be finished; `undefined` when there is no sign of one yet.
 * Reads the whole text: for a text that grows, keep a `PartialJson`.
 *
 * @example
 * partialJson('{"cities":["Paris","Lo') // { cities: ['Paris', 'Lo'] }
 */
export function partialJson(text: string, options: { readonly depth?: number | undefined } = {}): Json | undefined {
  const reader = new PartialJson(options)
  reader.push(text)
  return reader.value
}

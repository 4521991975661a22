import { stretch, tokenize } from './tokenize.ts'

/** A piece of an answer that stands or falls as a whole: a sentence, a list with its lead, a table. */
export type Block = readonly string[]

/** An answer under way, which never grows past its limit. */
export class Draft {
  readonly #limit: number
  /** Tokens of what was weighed already: sentences are tried before they are taken, and long answers repeat them. */
  readonly #known = new Map<string, readonly string[]>()
  #tokens: string[] = []
  #started: boolean
  #paragraph = true

  /**
   * @param limit - tokens at most
   * @param started - true when the text goes on from something said before
   */
  constructor(limit: number = Number.POSITIVE_INFINITY, started: boolean = false) {
    this.#limit = limit
    this.#started = started
  }

  /** What is written so far. */
  get tokens(): readonly string[] {
    return this.#tokens
  }

  /** True at the limit. */
  get full(): boolean {
    return this.#tokens.length >= this.#limit
  }

  /** True when the last block was running text, so that a sentence may follow on the same line. */
  get paragraph(): boolean {
    return this.#paragraph
  }

  /** True before the first word of an answer that starts here. */
  get empty(): boolean {
    return this.#tokens.length === 0 && !this.#started
  }

  /** True when all of these blocks still have room. */
  fits(blocks: readonly Block[]): boolean {
    return blocks.reduce((sum, block) => sum + this.#cut(block).length, this.#tokens.length) <= this.#limit
  }

  /** Adds a block if it has room; says whether it did. */
  add(block: Block): boolean {
    const tokens = this.#cut(block)
    if (this.#tokens.length + tokens.length > this.#limit) return false
    for (const token of tokens) this.#tokens.push(token)
    this.#paragraph = !/^\s*(-|\d+\.|\||```|##) ?/.test(block.at(-1) ?? '')
    return true
  }

  /** Reaches the limit exactly, by splitting words; an empty draft takes pieces of `spare`. */
  stretch(spare: string): void {
    if (this.full || this.#limit === Number.POSITIVE_INFINITY) return
    const base = this.#tokens.length > 0 ? this.#tokens : tokenize(spare).slice(0, this.#limit)
    this.#tokens = stretch(base, this.#limit)
    // Only for lengths of a few tokens, where nothing is left to split.
    while (this.#tokens.length < this.#limit) this.#tokens.push('.')
  }

  #cut(block: Block): string[] {
    const parts = this.empty ? [(block[0] ?? '').trimStart(), ...block.slice(1)] : block
    return parts.flatMap((part) => this.#tokenized(part))
  }

  #tokenized(text: string): readonly string[] {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const tokens = tokenize(text)
    if (this.#known.size < 1_000) this.#known.set(text, tokens)
    return tokens
  }
}

import { Accumulator } from '../../../src/completion/accumulate.ts'
import type { ChatCompletionChunk } from '../../../src/completion/chunk.ts'
import type { Random } from '../random.ts'
import type { Violations } from '../violations.ts'
import { folded, weight } from './fold.ts'
import type { Story } from './story.ts'

/** One stream, as its readers know it. */
export interface Told {
  readonly id: string
  readonly story: Story
  /** The terminal's data as the first reader had it; every later one has to have the same. */
  terminal: string | undefined
}

/** What a reader has of a stream, each piece checked as it comes. */
export class Pieces {
  readonly #told: Told
  readonly #full: boolean
  readonly #violations: Violations
  readonly #chunks: ChatCompletionChunk[] = []
  #last = -1
  #weight = 0
  count = 0
  isOver = false
  isSound = true

  constructor(told: Told, full: boolean, violations: Violations) {
    this.#told = told
    this.#full = full
    this.#violations = violations
  }

  /** Where to go on from; undefined for the start. */
  get cursor(): string | undefined {
    return this.#last === -1 ? undefined : `${this.#told.id}:${this.#last}`
  }

  /** This reader's place, for people. */
  where(): string {
    const { id, story } = this.#told
    return `${id}, after ${this.#last} of ${story.entries.length}, ${this.#full ? 'full' : 'compact'}, ${story.status}`
  }

  /** The client forgot some of what it had: it reads that again. */
  rewind(random: Random): void {
    if (this.#last <= 0) return
    this.#last = random.below(this.#last)
    this.isOver = false
  }

  /** An event, as the wire had it. */
  take(id: string | undefined, data: string, event: string | undefined): void {
    if (!this.isSound) return
    const colon = id?.lastIndexOf(':') ?? -1
    const offset = Number(id?.slice(colon + 1))
    if (event !== undefined || id?.slice(0, colon) !== this.#told.id || !Number.isInteger(offset))
      return this.#wrong(`an event without a proper id (${id}) or with a name (${event})`)
    if (this.isOver) return this.#wrong('an event after the terminal')
    if (offset <= this.#last) return this.#wrong(`an id that does not increase (${offset})`)
    if (this.#full && offset !== this.#last + 1) return this.#wrong(`a gap in the ids (${offset})`)
    const entry = this.#told.story.entries[offset]
    if (entry === undefined) return this.#wrong(`an event that nobody wrote (${offset})`)
    this.count++
    this.#last = offset
    if (offset === this.#told.story.entries.length - 1) return this.#end(data)
    if (this.#full) {
      if (data !== entry.data) this.#wrong(`other data than was written (${offset})`)
    } else this.#merged(offset, data)
  }

  /** The connection is over, and not by the reader's own doing. */
  ended(how: 'end' | 'cut'): void {
    if (how === 'cut') this.#wrong('a connection that broke by itself')
    else if (!this.isOver) this.#wrong('an orderly end without a terminal')
  }

  /** The stream was read to its end: do the pieces give the same completion? */
  conclude(): void {
    const { story } = this.#told
    if (this.#full || !this.isSound || !this.isOver) return
    const accumulator = new Accumulator()
    const same = folded(this.#chunks) === story.texts
    this.#violations.expect(same, 'compact pieces that are not the same text', () => this.where())
    for (const chunk of this.#chunks) accumulator.add(chunk)
    const completion = JSON.stringify(accumulator.completion())
    const equal = completion === story.completion
    this.#violations.expect(equal, 'compact pieces that accumulate to another completion', () => this.where())
  }

  /** A merged chunk is the sum of what it stands for, no more and no less. */
  #merged(offset: number, data: string): void {
    if (data === '[DONE]' || data.startsWith('{"error"'))
      return this.#wrong(`a terminal too early (${offset}): ${data}`)
    const chunk: ChatCompletionChunk = JSON.parse(data)
    this.#chunks.push(chunk)
    this.#weight += weight(chunk)
    const expected = this.#told.story.weights[offset]
    if (this.#weight !== expected) this.#wrong(`text up to ${offset} of ${this.#weight} characters, not ${expected}`)
  }

  #end(data: string): void {
    this.isOver = true
    const expected = this.#told.story.entries.at(-1)?.data
    this.#told.terminal ??= expected === '' ? data : expected
    if (data !== this.#told.terminal) this.#wrong('another terminal than an earlier reader had')
    if (expected === '' && !isError(data)) this.#wrong('a terminal that is no error envelope')
  }

  #wrong(what: string): void {
    this.isSound = false
    this.#violations.add(what.replace(/\(.*\)|\d+/g, '…'), `${what}; ${this.where()}`)
  }
}

function isError(data: string): boolean {
  const parsed: { readonly error?: { readonly message?: unknown } } = JSON.parse(data)
  return typeof parsed.error?.message === 'string'
}

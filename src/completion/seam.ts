import { behindAnchor } from './anchor.ts'
import { isInCode, isInRow } from './layout.ts'
import { repeatedLength } from './overlap.ts'
import { findLead } from './preamble.ts'

/**
 * How the continuation was asked for (PROTOCOL 8):
 * - `instruct`: by a user turn that asks for the last words again first (instruction.ts). It may begin with a
 *   preamble, and repeat less or more than was asked;
 * - `prefill`: the engine goes on from the assistant's own text; some engines say that text again;
 * - `regenerate`: the same request again, which must give the same text.
 */
export type SeamMode = 'instruct' | 'prefill' | 'regenerate'

/** What a `Seam` joins. */
export interface SeamOptions {
  /** All text that the reader has been shown. */
  readonly sent: string
  /** `instruct` unless told. */
  readonly mode?: SeamMode | undefined
}

/** How much of the sent text's end is searched for: no more than this is ever held back to decide. */
const TAIL = 200
/** A text shorter than this is not recognised as the whole answer said again. */
const SHORTEST_WHOLE = 8

/**
 * Where a continuation joins the text it continues: takes the continuation as it arrives and gives what
 * may be shown, so that sent text and shown text together read as one. Text that was sent is never
 * taken back. Pure; one seam per continuation.
 *
 * @example
 * const seam = new Seam({ sent: 'The quick brown' })
 * seam.push('Sure, continuing:\n\nbrown fo') // '' until it is decided, here after 'brown fo' -> ' fo'
 */
export class Seam {
  readonly #sent: string
  readonly #tail: string
  readonly #mode: SeamMode
  /** `hold`: undecided; `swallow`: the text equals the sent one from its start; `flow`: joined; `broken`. */
  #phase: 'hold' | 'swallow' | 'flow' | 'broken'
  #held = ''
  /** How much of the sent text has been swallowed. */
  #position = 0
  #overlap = 0
  #preamble = ''

  constructor(options: SeamOptions) {
    this.#sent = options.sent
    this.#tail = options.sent.slice(-TAIL)
    this.#mode = options.mode ?? 'instruct'
    if (options.sent === '') this.#phase = 'flow'
    else if (this.#mode === 'regenerate') this.#phase = 'swallow'
    else this.#phase = 'hold'
  }

  /** How many characters (code points) of repetition were dropped. */
  get overlap(): number {
    return this.#overlap
  }

  /** The preamble that was dropped; empty when there was none. */
  get preamble(): string {
    return this.#preamble
  }

  /** What is held back until the place of the seam is known. */
  get held(): string {
    return this.#held
  }

  /** Whether the join is made: from here on `push` gives back what it is given. */
  get isJoined(): boolean {
    return this.#phase === 'flow'
  }

  /** Whether the two texts cannot be joined: the new one began as the old one and then went another way. */
  get isBroken(): boolean {
    return this.#phase === 'broken'
  }

  /** Takes the next piece of the continuation; gives what may be shown now. */
  push(text: string): string {
    switch (this.#phase) {
      case 'flow':
        return text
      case 'broken':
        return ''
      case 'swallow':
        return this.#swallow(text)
      case 'hold':
        this.#held += text
        return this.#mode === 'prefill' ? this.#decidePrefill(false) : this.#decide(false)
    }
  }

  /** The continuation is complete; gives what was still held back. */
  end(): string {
    if (this.#phase === 'hold') return this.#mode === 'prefill' ? this.#decidePrefill(true) : this.#decide(true)
    // A text that ends within what was sent already is the answer cut short.
    if (this.#phase === 'swallow' && this.#position < this.#sent.length) this.#phase = 'broken'
    return ''
  }

  #decide(isWhole: boolean): string {
    const held = this.#held
    if (held.length >= TAIL && this.#sent.startsWith(held)) return this.#startSwallowing(held)
    const lead = findLead(held, isWhole)
    if (lead.kind === 'open') return ''
    const starts = lead.kind === 'none' ? [0] : lead.kind === 'line' ? lead.starts : [...lead.starts, 0]
    let best = { start: starts[0] ?? 0, overlap: 0 }
    for (const start of starts.flatMap((at) => this.#behindMarks(at))) {
      const body = held.slice(start)
      const anchored = behindAnchor(this.#sent, body, isWhole)
      if (anchored === 'open') return ''
      const found = anchored ?? this.#overlapOf(body, isWhole)
      // Still a piece of what was sent, or too little of a line: more may follow.
      if (found === undefined) return ''
      if (found > best.overlap) best = { start, overlap: found }
      if (anchored !== undefined) break
    }
    if (best.overlap === 0) best = { start: this.#fenceEnd(lead.kind === 'line' ? best.start : 0), overlap: 0 }
    this.#preamble = held.slice(0, best.start)
    return this.#join(best.start + best.overlap, held.slice(best.start, best.start + best.overlap))
  }

  /** An engine that was given the text as a prefix may say all of it again, or none. */
  #decidePrefill(isWhole: boolean): string {
    const held = this.#held
    for (const whole of [this.#sent, this.#sent.trimStart()]) {
      if (whole.length < SHORTEST_WHOLE) continue
      if (held.startsWith(whole)) return this.#join(whole.length, whole)
      if (!isWhole && whole.startsWith(held)) return ''
    }
    return this.#join(0, '')
  }

  #isOpen(body: string): boolean {
    // How deep a line is indented shows with its first letter.
    if (body.trim() === '' || isInRow(this.#sent, body)) return body.length < TAIL
    return this.#tail.includes(body) || this.#sent.startsWith(body) || /^(?:\.{1,3}|…) ?$/.test(body)
  }

  #overlapOf(body: string, isWhole: boolean): number | undefined {
    if (!isWhole && this.#isOpen(body)) return undefined
    if (this.#sent.length >= SHORTEST_WHOLE && body.startsWith(this.#sent)) return this.#sent.length
    return repeatedLength({ sent: this.#sent, text: body, reach: TAIL, isWhole: isWhole || body.length >= TAIL })
  }

  /** The place, and those behind dots that say "going on" or a fence that opens the code block anew. */
  #behindMarks(start: number): readonly number[] {
    const places = [start]
    const fence = this.#fenceEnd(start)
    if (fence > start) places.push(fence)
    const dots = /^(?:\.{3}|…) ?/.exec(this.#held.slice(start))
    if (dots !== null) places.push(start + dots[0].length)
    return places
  }

  /** Where the text begins behind a fence that opens a code block which is open already. */
  #fenceEnd(start: number): number {
    // Only an opening fence names a language; a bare one may be the end of the block.
    const fence = /^\n*```[a-zA-Z][\w+#.-]*\n/.exec(this.#held.slice(start))
    if (fence === null || !isInCode(this.#sent)) return start
    return start + fence[0].length
  }

  #startSwallowing(held: string): string {
    this.#phase = 'swallow'
    this.#held = ''
    return this.#swallow(held)
  }

  #swallow(text: string): string {
    const expected = this.#sent.slice(this.#position, this.#position + text.length)
    if (!text.startsWith(expected)) {
      this.#phase = 'broken'
      return ''
    }
    this.#position += expected.length
    this.#overlap += Array.from(expected).length
    if (this.#position === this.#sent.length) this.#phase = 'flow'
    return text.slice(expected.length)
  }

  #join(length: number, overlap: string): string {
    const shown = this.#held.slice(length)
    this.#held = ''
    this.#overlap = Array.from(overlap).length
    this.#phase = 'flow'
    return shown
  }
}

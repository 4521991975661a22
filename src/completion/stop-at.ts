/** How a `StopAt` looks for its sequences. */
export interface StopAtOptions {
  /** Text before the first piece, in which a sequence may have begun (what was sent before a seam). */
  readonly after?: string | undefined
}

/**
 * Ends a text at the first stop sequence, wherever its pieces are cut. What could be the beginning of a
 * sequence is held back until it is known not to be. The sequence itself is not shown, except for a part
 * of it that was shown before (`after`).
 *
 * @example
 * const stop = new StopAt(['КОНЕЦ'])
 * stop.push('раз, два КО') // 'раз, два '
 * stop.push('НЕЦ три') // '', and stop.sequence is 'КОНЕЦ'
 */
export class StopAt {
  readonly #sequences: readonly string[]
  readonly #longest: number
  /** The end of what came before `#held` that a sequence may have begun in. */
  #past: string
  #held = ''
  #sequence: string | undefined = undefined

  /** Empty sequences are ignored. */
  constructor(sequences: readonly string[], options: StopAtOptions = {}) {
    this.#sequences = sequences.filter((sequence) => sequence !== '')
    this.#longest = Math.max(0, ...this.#sequences.map(({ length }) => length))
    this.#past = this.#longest > 1 ? (options.after ?? '').slice(1 - this.#longest) : ''
  }

  /** The sequence that ended the text; `undefined` while it goes on. */
  get sequence(): string | undefined {
    return this.#sequence
  }

  /** Takes the next piece; gives what may be shown. Gives nothing after a sequence was found. */
  push(text: string): string {
    if (this.#sequence !== undefined) return ''
    if (this.#longest === 0) return text
    const fresh = this.#held + text
    const all = this.#past + fresh
    const found = this.#first(all)
    if (found !== undefined) {
      this.#sequence = found.sequence
      this.#held = ''
      return fresh.slice(0, Math.max(0, found.at - this.#past.length))
    }
    const heldLength = Math.min(this.#openLength(all), fresh.length)
    const shown = fresh.slice(0, fresh.length - heldLength)
    this.#held = fresh.slice(fresh.length - heldLength)
    const before = all.slice(0, all.length - heldLength)
    this.#past = this.#longest > 1 ? before.slice(1 - this.#longest) : ''
    return shown
  }

  /** The text is complete; gives what was held back. */
  end(): string {
    const held = this.#held
    this.#held = ''
    return held
  }

  /** The sequence that is complete first; of those that end at one place, the longest. */
  #first(text: string): { readonly at: number; readonly sequence: string } | undefined {
    let found: { readonly at: number; readonly sequence: string } | undefined
    let end = Infinity
    for (const sequence of this.#sequences) {
      // One that lies wholly in the past was not ours to stop at.
      const at = text.indexOf(sequence, Math.max(0, this.#past.length - sequence.length + 1))
      if (at === -1) continue
      const ends = at + sequence.length
      // By their ends, not their beginnings: what decides must not depend on how the text was cut.
      if (ends < end || (ends === end && at < (found?.at ?? Infinity))) {
        found = { at, sequence }
        end = ends
      }
    }
    return found
  }

  /** The longest end of the text with which a sequence begins. */
  #openLength(text: string): number {
    let open = 0
    for (const sequence of this.#sequences) {
      for (let length = Math.min(sequence.length - 1, text.length); length > open; length--) {
        if (text.endsWith(sequence.slice(0, length))) open = length
      }
    }
    return open
  }
}

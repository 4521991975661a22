import type { ChatBody } from './outgoing.ts'

const LIMITS = ['max_tokens', 'max_completion_tokens'] as const

/** The caller's limits on the tokens of an answer of which `spent` are shown, each with so many tokens left. */
export function tokensLeft(body: ChatBody, spent: number): Readonly<Record<string, number>> {
  const left: Record<string, number> = {}
  for (const name of LIMITS) {
    const limit = body[name]
    if (typeof limit === 'number') left[name] = limit - spent
  }
  return left
}

/**
 * Keeps a continuation to the tokens that the caller's limit leaves. Its provider is given some more, because it
 * is asked to say a few words again first, and only the seam knows how many of its tokens those were. A
 * piece of text is taken for a token, as everywhere here.
 */
export class TokenLimit {
  #left: number
  /** Lengths of the pieces that the seam holds back. */
  #held: number[] = []
  #isPassed = false

  /** @param left Tokens that may still be shown; Infinity without a limit. */
  constructor(left: number) {
    this.#left = left
  }

  /** More came than may be shown. */
  get isPassed(): boolean {
    return this.#isPassed
  }

  /** What may be shown of `joined`, the text that the seam let go of when `piece` came. */
  take(piece: string, joined: string): string {
    if (this.#left === Infinity) return joined
    if (piece !== '') this.#held.push(piece.length)
    if (joined === '') return ''
    const fresh: number[] = []
    for (let rest = joined.length; rest > 0;) {
      const length = Math.min(this.#held.pop() ?? rest, rest)
      fresh.unshift(length)
      rest -= length
    }
    this.#held = []
    this.#isPassed = fresh.length > this.#left
    const shown = fresh.slice(0, this.#left).reduce((sum, length) => sum + length, 0)
    this.#left = Math.max(0, this.#left - fresh.length)
    return joined.slice(0, shown)
  }
}

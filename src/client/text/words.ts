import { segmenter, type Segmentation } from './segmentation.ts'
import { type TextStage, type TextStep, textStage } from './stage.ts'

/** How words are found. */
export interface WordsOptions {
  /** A BCP 47 language tag; the runtime's own unless told. Matters for few languages. */
  readonly locale?: string | undefined
}

/**
 * The text word by word, each with the spaces and punctuation that follow it, so that they join to the
 * text again. Words are those of `Intl.Segmenter` (Unicode UAX 29 and, for Chinese, Japanese, Thai, Lao,
 * Khmer and Burmese, its dictionaries). A word is given when no further text can make it longer: after
 * the space that ends it, or, where words are written without spaces, when enough follows it (10
 * characters, 20 for the scripts of South-East Asia). What is given does not depend on how the text was
 * cut. Costs the same per character however long the text is. Where a runtime has no `Intl.Segmenter`
 * (Hermes), ideographs are given one by one.
 *
 * @example
 * for await (const word of words()(stream.text())) show(word)
 */
export function words(options: WordsOptions = {}): TextStage {
  return textStage(() => new Words(segmenter(options.locale)))
}

/** A script's rule: how much must follow a word, and after how many characters it is worth looking again. */
interface Window {
  readonly lookAhead: number
  readonly step: number
}

/** Found by comparing with the segmentation of whole texts: 4 and 12 were enough, 2 and 8 were not. */
const PLAIN: Window = { lookAhead: 16, step: 32 }
const IDEOGRAPHS: Window = { lookAhead: 10, step: 4 }
const SOUTH_EAST_ASIAN: Window = { lookAhead: 20, step: 8 }
/** What is longer and has no boundary is no word, and is given as it is. */
const LONGEST = 1_024

class Words implements TextStep<string> {
  readonly #cut: Segmentation
  /** What is not given yet, and how much of it has been looked at. */
  #held = ''
  #scanned = 0
  /** Where to look for words next when no space comes. */
  #nextLook = PLAIN.lookAhead + PLAIN.step
  #window: Window = PLAIN
  #before: 'space' | 'stop' | 'other' = 'other'

  constructor(cut: Segmentation) {
    this.#cut = cut
  }

  push(text: string): readonly string[] {
    this.#held += text
    const out: string[] = []
    while (this.#scanned < this.#held.length) {
      const at = this.#scanned
      const code = this.#held.codePointAt(at) ?? 0
      // Half of a pair: what it is shows with the other half.
      if (code >= 0xd800 && code <= 0xdbff && at + 1 === this.#held.length) break
      const kind = kindOf(code)
      if (this.#isSafe(kind, code)) this.#give(at, out)
      this.#enter(kind)
      this.#scanned += code > 0xffff ? 2 : 1
      if (this.#scanned >= this.#nextLook) this.#look(out)
    }
    return out
  }

  end(): readonly string[] {
    return this.#held === '' ? [] : this.#cut(this.#held)
  }

  /** Whether a word that stands before this character is settled, and with it all boundaries before. */
  #isSafe(kind: Kind, code: number): boolean {
    switch (this.#before) {
      case 'space':
        return kind !== 'space' && !isAttached(code)
      case 'stop':
        // A digit may follow in one number: `３，０００`.
        return kind === 'ideograph' && !isAttached(code)
      case 'other':
        return false
    }
  }

  /** Gives everything before `at`, whose words are settled. */
  #give(at: number, out: string[]): void {
    for (const piece of this.#cut(this.#held.slice(0, at))) out.push(piece)
    this.#restart(at)
    this.#window = PLAIN
  }

  #restart(at: number): void {
    this.#held = this.#held.slice(at)
    this.#scanned -= at
    this.#nextLook = this.#scanned + this.#window.step
  }

  #enter(kind: Kind): void {
    this.#before = kind === 'space' || kind === 'stop' ? kind : 'other'
    const window = kind === 'ideograph' ? IDEOGRAPHS : kind === 'south-east-asian' ? SOUTH_EAST_ASIAN : PLAIN
    if (window === PLAIN || window === this.#window || this.#window === SOUTH_EAST_ASIAN) return
    this.#window = window
    this.#nextLook = Math.max(this.#scanned + 1, window.lookAhead + window.step)
  }

  /** Gives the words of what has been looked at that enough text follows. */
  #look(out: string[]): void {
    const seen = this.#held.slice(0, this.#scanned)
    let settled = 0
    for (const piece of this.#cut(seen)) {
      if (settled + piece.length > seen.length - this.#window.lookAhead) break
      out.push(piece)
      settled += piece.length
    }
    if (settled === 0 && seen.length >= LONGEST) {
      out.push(seen)
      settled = seen.length
    }
    this.#restart(settled)
    // Looking again at what had no word costs its length: wait until it has grown by half.
    if (settled === 0) this.#nextLook = this.#scanned + Math.max(this.#window.step, this.#scanned >> 1)
  }
}

type Kind = 'space' | 'stop' | 'ideograph' | 'south-east-asian' | 'plain'

/** `，、。」』】》！）：；？`: they end what stands before them. */
const STOPS: ReadonlySet<number> = new Set([
  0x3001, 0x3002, 0x300b, 0x300d, 0x300f, 0x3011, 0xff01, 0xff09, 0xff0c, 0xff1a, 0xff1b, 0xff1f,
])

function kindOf(code: number): Kind {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d) ? 'space' : 'plain'
  if (code < 0xa0) return 'plain'
  if (code < 0xe00) return code === 0xa0 ? 'space' : 'plain'
  if (code <= 0xeff || (code >= 0x1000 && code <= 0x109f) || (code >= 0x1780 && code <= 0x17ff))
    return 'south-east-asian'
  if (STOPS.has(code)) return 'stop'
  if (code === 0x3000 || (code >= 0x2000 && code <= 0x200a) || code === 0x2028 || code === 0x2029) return 'space'
  const ideograph =
    (code >= 0x2e80 && code <= 0x9fff) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xff66 && code <= 0xff9f) ||
    (code >= 0x20000 && code <= 0x3ffff)
  return ideograph ? 'ideograph' : 'plain'
}

/** Marks, joiners and skin tones belong to what stands before them, even to a space (UAX 29, WB4). */
function isAttached(code: number): boolean {
  if (code < 0x300) return code === 0xad
  return /^[\p{M}\p{Cf}\p{Emoji_Modifier}\uff9e\uff9f]/u.test(String.fromCodePoint(code))
}

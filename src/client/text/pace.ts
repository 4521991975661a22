import type { Clock } from '../../clock.ts'
import { OpenAIError } from '../errors.ts'
import { wakefulClock } from '../../limit/wakeful.ts'
import { type Arrival, Pump } from './pump.ts'
import { closing, type Inlet, type TextStage } from './stage.ts'
import { words, type WordsOptions } from './words.ts'

/** How fast a text is shown. One of the two speeds. */
export interface PaceOptions extends WordsOptions {
  readonly charsPerSecond?: number | undefined
  /** The text is cut into words first, as `words()` does. */
  readonly wordsPerSecond?: number | undefined
  /** Milliseconds by which this may delay a character, at most; 1,000 unless told. */
  readonly maxDelay?: number | undefined
  readonly clock?: Clock | undefined
}

/** A screen draws no oftener. Milliseconds. */
const FRAME = 16

/**
 * Evens a text out to reading speed. A source that is slower is not delayed; one that is faster is
 * caught up with: the more is waiting, the faster it is shown, so that nothing comes out more than
 * `maxDelay` after it came in (and after the reader asked for it).
 *
 * @throws OpenAIError unless exactly one speed above 0 is given.
 * @example
 * for await (const text of pace({ wordsPerSecond: 8 })(stream.text())) show(text)
 */
export function pace(options: PaceOptions): TextStage {
  const { charsPerSecond, wordsPerSecond } = options
  const speed = charsPerSecond ?? wordsPerSecond ?? 0
  if (!(speed > 0) || (charsPerSecond === undefined) === (wordsPerSecond === undefined)) {
    throw new OpenAIError('pace needs charsPerSecond or wordsPerSecond, above 0')
  }
  const unit: Unit = wordsPerSecond === undefined ? CHARACTERS : WORDS
  const paced: TextStage = (source) => closing(source, (inlet) => pacing(inlet, unit, speed / 1_000, options))
  return unit === WORDS ? (source) => paced(words(options)(source)) : paced
}

/** What is counted. */
interface Unit {
  cost(text: string): number
  /** The first `count` of them. */
  first(text: string, count: number): string
}

const WORDS: Unit = { cost: () => 1, first: (text) => text }

const CHARACTERS: Unit = {
  cost: (text) => text.length,
  first(text, count) {
    let end = Math.min(count, text.length)
    while (end < text.length && belongsToLast(text, end)) end++
    return text.slice(0, end)
  },
}

/** The second half of a pair, a mark, or anything beside a joiner: a flag or family is not shown in parts. */
function belongsToLast(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  if (code < 0x300) return false
  if ((code >= 0xdc00 && code <= 0xdfff) || text.charCodeAt(at - 1) === 0x200d) return true
  return /^[\p{M}\u200d\p{Emoji_Modifier}]/u.test(String.fromCodePoint(text.codePointAt(at) ?? 0))
}

async function* pacing(
  inlet: Inlet,
  unit: Unit,
  speed: number,
  { maxDelay = 1_000, clock = wakefulClock }: PaceOptions,
): AsyncGenerator<string, void, undefined> {
  const pump = new Pump(inlet, clock)
  const waiting = new Waiting(unit, speed, maxDelay)
  try {
    for (;;) {
      waiting.add(pump.take())
      if (waiting.empty && pump.drained) break
      const rest = waiting.until(clock.now())
      if (rest === undefined || rest > 0) await pump.wait(rest)
      else yield waiting.give(clock.now())
    }
    pump.rethrow()
  } finally {
    pump.stop()
    await inlet.close()
  }
}

/** What came and is not shown yet, and when it is to be. Pure; times in milliseconds. */
class Waiting {
  readonly #unit: Unit
  readonly #speed: number
  readonly #maxDelay: number
  #queue: Arrival[] = []
  #head = 0
  /** Cost of all that is waiting. */
  #cost = 0
  /** Up to when time has been spent on what was shown. */
  #spent = -Infinity

  constructor(unit: Unit, speed: number, maxDelay: number) {
    this.#unit = unit
    this.#speed = speed
    this.#maxDelay = maxDelay
  }

  get empty(): boolean {
    return this.#head === this.#queue.length
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) {
      this.#queue.push(arrival)
      this.#cost += this.#unit.cost(arrival.text)
    }
  }

  /** Milliseconds until something is to be shown; `undefined` when nothing waits. */
  until(now: number): number | undefined {
    const head = this.#queue[this.#head]
    if (head === undefined) return undefined
    const paced = this.#spent + Math.max(1 / this.#speedAt(now), FRAME)
    return Math.max(0, Math.min(paced, head.at + this.#maxDelay) - now)
  }

  /** What is to be shown now: what the time since the last time is worth, and all that must not wait longer. */
  give(now: number): string {
    const worth = Number.isFinite(this.#spent) ? (now - this.#spent) * this.#speedAt(now) : 1
    const credit = Math.max(1, Math.floor(worth))
    let shown = ''
    let cost = 0
    for (let head = this.#queue[this.#head]; head !== undefined; head = this.#queue[this.#head]) {
      const late = head.at + this.#maxDelay <= now
      if (!late && cost >= credit) break
      const text = late ? head.text : this.#unit.first(head.text, credit - cost)
      shown += text
      cost += this.#unit.cost(text)
      if (text.length === head.text.length) this.#head++
      else this.#queue[this.#head] = { text: head.text.slice(text.length), at: head.at }
    }
    this.#cost -= cost
    // The part of the time that was not enough for one more counts for the next; a silence does not.
    this.#spent = cost === credit ? now - Math.max(0, worth - credit) / this.#speedAt(now) : now
    this.#forget()
    return shown
  }

  /** The reading speed, or what it takes to show everything by when the last of it is due. */
  #speedAt(now: number): number {
    const tail = this.#queue.at(-1)
    const rest = tail === undefined ? this.#maxDelay : tail.at + this.#maxDelay - now
    return Math.max(this.#speed, this.#cost / Math.max(rest, 1))
  }

  #forget(): void {
    if (this.#head < 64 || this.#head * 2 < this.#queue.length) return
    this.#queue = this.#queue.slice(this.#head)
    this.#head = 0
  }
}

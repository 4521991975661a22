import type { Clock } from '../../clock.ts'
import { wakefulClock } from '../../limit/wakeful.ts'
import { type Arrival, Pump } from './pump.ts'
import { closing, type Inlet, type TextStage } from './stage.ts'

/** When a buffer gives what it holds: whichever comes first. */
export interface BufferOptions {
  /** After so many pieces. No limit unless told. */
  readonly size?: number | undefined
  /** So many milliseconds after the first piece it holds; 100 unless told. */
  readonly interval?: number | undefined
  /**
   * A piece that comes after a silence of at least `interval` is given at once, and the next ones
   * `interval` after that: the first word shows without delay. False unless told.
   */
  readonly leading?: boolean | undefined
  readonly clock?: Clock | undefined
}

/**
 * Joins pieces, so that a screen is drawn ten times a second and not for every token. Nothing is held
 * longer than `interval`, and what is held at the end, or when the source fails, is given first.
 *
 * @example
 * buffer({ size: 10, interval: 100 }) // every 10 pieces, or 100 ms after the first of them
 * buffer({ interval: 200, leading: true }) // at most every 200 ms, the first piece at once
 */
export function buffer(options: BufferOptions = {}): TextStage {
  return (source) => closing(source, (inlet) => buffered(inlet, options))
}

async function* buffered(inlet: Inlet, options: BufferOptions): AsyncGenerator<string, void, undefined> {
  const { size = Infinity, interval = 100, leading = false, clock = wakefulClock } = options
  const pump = new Pump(inlet, clock)
  const held = new Held(size)
  let given = -Infinity
  try {
    for (;;) {
      held.add(pump.take())
      if (held.since === undefined) {
        if (pump.drained) break
        await pump.wait()
        continue
      }
      const due = leading ? Math.max(held.since, given + interval) : held.since + interval
      const rest = due - clock.now()
      if (held.full || rest <= 0 || pump.drained) {
        given = clock.now()
        yield held.give()
      } else await pump.wait(rest)
    }
    pump.rethrow()
  } finally {
    pump.stop()
    await inlet.close()
  }
}

/** Pieces in the order they came. */
class Held {
  readonly #size: number
  #pieces: Arrival[] = []
  #given = 0

  constructor(size: number) {
    this.#size = size
  }

  /** When the first of them came. */
  get since(): number | undefined {
    return this.#pieces[this.#given]?.at
  }

  get full(): boolean {
    return this.#pieces.length - this.#given >= this.#size
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) this.#pieces.push(arrival)
  }

  give(): string {
    const end = Math.min(this.#pieces.length, this.#given + this.#size)
    let text = ''
    for (; this.#given < end; this.#given++) text += this.#pieces[this.#given]?.text ?? ''
    if (this.#given === this.#pieces.length) {
      this.#pieces = []
      this.#given = 0
    }
    return text
  }
}

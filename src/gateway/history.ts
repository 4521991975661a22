import type { Clock } from '../clock.ts'
import type { UsageRow } from '../ledger/usage.ts'
import { Slot } from './history-slot.ts'
import type { StreamMeasure } from './meter.ts'
import { triedOf, type Tried } from './tried.ts'

/** The stretches of time that are looked back on, in slots of equal length. */
export const RANGES = {
  hour: { step: 60_000, count: 60 },
  day: { step: 900_000, count: 96 },
} as const

/** One of them. */
export type Range = keyof typeof RANGES

/**
 * What happened in the last hour and the last day, for the operator's page: in memory, of this process only,
 * and of a size that does not grow with traffic. A stream costs a few additions, when it has ended.
 */
export class History {
  readonly #clock: Clock
  readonly #slots: Readonly<Record<Range, Slot[]>> = { hour: [], day: [] }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A stream has ended. `tried`: its timeline's tries, where somebody has read them already. */
  stream(measure: StreamMeasure, tried: Tried = triedOf(measure)): void {
    const now = this.#clock.date()
    this.#slot('hour', now).stream(measure, tried)
    this.#slot('day', now).stream(measure, tried)
  }

  /** What a stream used is known for good. */
  charged(row: UsageRow): void {
    const now = this.#clock.date()
    this.#slot('hour', now).charged(row)
    this.#slot('day', now).charged(row)
  }

  /** The slots in which something happened, oldest first, none older than the range. */
  slots(range: Range): readonly Slot[] {
    this.#forget(range)
    return this.#slots[range]
  }

  #slot(range: Range, now: number): Slot {
    const { step } = RANGES[range]
    const slots = this.#slots[range]
    const newest = slots.at(-1)
    // A wall clock that was set back counts on in the slot that is there.
    if (newest !== undefined && now < newest.at + step) return newest
    const slot = new Slot(Math.floor(now / step) * step)
    slots.push(slot)
    this.#forget(range)
    return slot
  }

  #forget(range: Range): void {
    const { step, count } = RANGES[range]
    const slots = this.#slots[range]
    const oldest = this.#clock.date() - step * count
    while ((slots[0]?.at ?? Infinity) <= oldest) slots.shift()
  }
}

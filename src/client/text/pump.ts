import type { Clock } from '../../clock.ts'
import type { Inlet } from './stage.ts'

/** A piece of text and when it came, in the clock's milliseconds. */
export interface Arrival {
  readonly text: string
  readonly at: number
}

/** Characters read ahead of a reader who is slower than the source; then the source waits too. */
const READ_AHEAD = 65_536

/**
 * Reads a source while its own reader waits for something else, for stages in which time passes. One
 * reader, one wait at a time.
 */
export class Pump {
  readonly #inlet: Inlet
  readonly #clock: Clock
  #queue: Arrival[] = []
  #length = 0
  #ended = false
  #failure: { readonly error: unknown } | undefined = undefined
  #changed: (() => void) | undefined = undefined
  #room: (() => void) | undefined = undefined

  constructor(inlet: Inlet, clock: Clock) {
    this.#inlet = inlet
    this.#clock = clock
    void this.#read()
  }

  /** The source ended or failed, and everything it gave has been taken. */
  get drained(): boolean {
    return this.#ended && this.#queue.length === 0
  }

  /** What came since the last call, in order. */
  take(): readonly Arrival[] {
    const taken = this.#queue
    if (taken.length === 0) return taken
    this.#queue = []
    this.#length = 0
    this.#room?.()
    return taken
  }

  /** Throws what the source threw. */
  rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Until something comes or the source ends, or `ms` have passed. */
  async wait(ms?: number): Promise<void> {
    if (this.#queue.length > 0 || (this.#ended && ms === undefined)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const callOff = ms === undefined ? undefined : this.#clock.after(ms, resolve)
    this.#changed = resolve
    await promise
    this.#changed = undefined
    callOff?.()
  }

  /** Nobody will take any more. */
  stop(): void {
    this.#ended = true
    this.#room?.()
    this.#changed?.()
  }

  async #read(): Promise<void> {
    try {
      while (!this.#ended) {
        const next = await this.#inlet.next()
        if (next.done === true) break
        if (next.value === '') continue
        this.#queue.push({ text: next.value, at: this.#clock.now() })
        this.#length += next.value.length
        this.#changed?.()
        if (this.#length >= READ_AHEAD) await this.#untilRoom()
      }
    } catch (error) {
      this.#failure = { error }
    }
    this.#ended = true
    this.#changed?.()
  }

  async #untilRoom(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#room = resolve
    await promise
    this.#room = undefined
  }
}

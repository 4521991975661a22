import { Cancellation, type CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import type { OnDisconnect } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Outcome, TimelineEvent } from '../log/stream-log.ts'
import type { Progress } from './meter.ts'

const ignore = (): void => {}

/** Of all streams to which a provider said yes: a promise of their own would live as long as they do. */
const OPEN: Promise<void> = Promise.resolve()

/** What notes how a stream goes. */
export interface Watched {
  readonly timeline: readonly TimelineEvent[]
  readonly progress: Progress
}

/**
 * A stream that is being produced: who reads it, and how to end it. One per open stream; it is the
 * owner of everything that must be let go when the stream ends.
 */
export class LiveStream {
  readonly id: string
  readonly owner: string
  readonly #clock: Clock
  readonly #policy: OnDisconnect
  readonly #abort = new Cancellation()
  #opening: PromiseWithResolvers<void> | undefined = Promise.withResolvers()
  #opened: Promise<void> | undefined
  #outcome: Promise<Outcome> | undefined
  #readers = 0
  #ended = false
  #failure: SluiceError | undefined
  #stopGrace: (() => void) | undefined
  #watched: Watched | undefined
  #model = ''

  constructor(id: string, owner: string, policy: OnDisconnect, clock: Clock) {
    this.id = id
    this.owner = owner
    this.#policy = policy
    this.#clock = clock
  }

  /** Aborted, with the error to report, when the stream is to end early. */
  get signal(): CancelSignal {
    return this.#abort
  }

  /** Resolves when a provider said yes; rejects with the error that ended the stream before that. */
  get opened(): Promise<void> {
    return this.#opening?.promise ?? this.#opened ?? OPEN
  }

  /** How it ended, once it has. */
  get outcome(): Promise<Outcome> | undefined {
    return this.#outcome
  }

  /** Why it did not complete, once it has ended so. */
  get failure(): SluiceError | undefined {
    return this.#failure
  }

  /** A provider said yes. */
  open(): void {
    this.#opening?.resolve()
    this.#opening = undefined
  }

  /** What has happened to it so far; grows while it is open. */
  get timeline(): readonly TimelineEvent[] {
    return this.#watched?.timeline ?? []
  }

  /** How far it has come. */
  get progress(): Progress | undefined {
    return this.#watched?.progress
  }

  /** The caller's name of the model. */
  get model(): string {
    return this.#model
  }

  /** How many read it now. */
  get readers(): number {
    return this.#readers
  }

  /** Where what happens to it is noted, and the caller's name of the model. */
  watch(watched: Watched, model: string): void {
    this.#watched = watched
    this.#model = model
  }

  /** The relay is running; `outcome` is its end. */
  run(outcome: Promise<Outcome>): void {
    this.#outcome = outcome
  }

  /** The stream is over. `error`: why, when it did not complete. */
  end(error: SluiceError | undefined): void {
    this.#ended = true
    this.#failure = error
    this.#stopGrace?.()
    if (error === undefined || this.#opening === undefined) return this.open()
    this.#opened = this.#opening.promise
    // Nobody may be waiting when a stream fails before its head.
    this.#opened.catch(ignore)
    this.#opening.reject(error)
    this.#opening = undefined
  }

  /** A reader came; call the result once, when it has left. */
  attach(): () => void {
    this.#readers++
    this.#stopGrace?.()
    this.#stopGrace = undefined
    let attached = true
    return () => {
      if (!attached) return
      attached = false
      if (--this.#readers === 0 && !this.#ended) this.#deserted()
    }
  }

  /** Ends the stream now. `reason` is what its readers are told. */
  cancel(reason?: SluiceError): void {
    if (!this.#ended) this.#abort.abort(reason ?? new SluiceError('cancelled', 'The stream was cancelled'))
  }

  #deserted(): void {
    const cancel = (): void => this.cancel(new SluiceError('cancelled', 'Every reader left the stream'))
    switch (this.#policy.type) {
      case 'continue':
        return
      case 'cancel':
        return cancel()
      case 'grace':
        this.#stopGrace = this.#clock.after(this.#policy.ms, cancel)
        return
      default:
        this.#policy satisfies never
    }
  }
}

/** The streams that are being produced here now. */
export class LiveStreams {
  readonly #streams = new Map<string, LiveStream>()
  #whenIdle: (() => void)[] = []

  get count(): number {
    return this.#streams.size
  }

  /** All of them, oldest first. */
  all(): Iterable<LiveStream> {
    return this.#streams.values()
  }

  find(id: string): LiveStream | undefined {
    return this.#streams.get(id)
  }

  add(stream: LiveStream): void {
    this.#streams.set(stream.id, stream)
  }

  remove(stream: LiveStream): void {
    this.#streams.delete(stream.id)
    if (this.#streams.size > 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }

  /** Those whose streams are open, each once. */
  owners(): ReadonlySet<string> {
    return new Set([...this.#streams.values()].map(({ owner }) => owner))
  }

  /** Ends all of one owner; their readers are told `reason`. */
  cancelOwner(owner: string, reason: SluiceError): void {
    for (const stream of this.#streams.values()) if (stream.owner === owner) stream.cancel(reason)
  }

  /** Ends them all; their readers are told `reason`. */
  cancelAll(reason: SluiceError): void {
    for (const stream of this.#streams.values()) stream.cancel(reason)
  }

  /** Resolves when none is left. */
  idle(): Promise<void> {
    if (this.#streams.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }
}

/**
 * The `X-Stream-On-Disconnect` header: `cancel`, `continue` or `grace=<seconds>`.
 * Throws `invalid_value` for anything else.
 */
export function parseOnDisconnect(value: string): OnDisconnect {
  if (value === 'cancel' || value === 'continue') return { type: value }
  const seconds = /^grace=(\d{1,5})$/.exec(value)?.[1]
  if (seconds !== undefined) return { type: 'grace', ms: Number(seconds) * 1_000 }
  throw new SluiceError(
    'invalid_value',
    `X-Stream-On-Disconnect must be cancel, continue or grace=<seconds>, got ${JSON.stringify(value.slice(0, 40))}`,
    { param: 'X-Stream-On-Disconnect' },
  )
}

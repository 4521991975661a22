import type { SseEvent } from '../sse/event.ts'
import { Connection } from './connection.ts'
import { OpenAIError, StreamInterruptedError } from './errors.ts'
import type { EventSource } from './event-source.ts'
import type { FeedOptions } from './feed-options.ts'
import { Position } from './position.ts'
import { Received } from './received.ts'
import { Recovery, type Recovered } from './recovery.ts'
import { onWake } from './timing.ts'
import { throwIfAborted } from './transport.ts'

/** How long a body may stay open behind `[DONE]`. */
const EPILOGUE_MS = 2_000

/**
 * The events of one answer, from however many connections it takes: resumes from the server's log where
 * there is one, else rescues what can be rescued, as the caller allowed. Every event comes once.
 */
export class Feed implements EventSource {
  readonly received: Received = new Received()
  readonly #options: FeedOptions
  #connection: Connection
  readonly #recovery: Recovery
  #join: Recovered['join'] = undefined
  #isFinished = false
  #isDone = false
  #isClosed = false
  readonly #position: Position
  readonly #unwatch: () => void
  #stopEpilogue: (() => void) | undefined = undefined

  constructor(options: FeedOptions) {
    this.#options = options
    const { response } = options.reply
    this.#position = new Position(response)
    this.#connection = new Connection(options.reply)
    this.#recovery = new Recovery(options, this.#position, this.received)
    options.deadlines.start(() => this.#connection.close())
    options.controller.signal.addEventListener('abort', this.#onAbort)
    this.#unwatch =
      this.url === undefined
        ? (): void => undefined
        : onWake(() => {
            if (this.#recovery.wake()) this.#connection.close()
          })
  }

  /** The answer's head. */
  get response(): Response {
    return this.#connection.response
  }

  /** The stream's id at the gateway. */
  get id(): string | undefined {
    return this.#position.id
  }

  /** Where the gateway keeps the stream. */
  get url(): string | undefined {
    return this.#position.url
  }

  /** How often the stream was taken up again, and how often the model was asked for the rest. */
  get repairs(): { readonly reconnects: number; readonly rescues: number } {
    return this.#recovery.repairs
  }

  /**
   * The next events; never an empty batch. `undefined` when there are no more.
   *
   * @throws StreamTruncatedError, StreamInterruptedError or APIConnectionTimeoutError when the answer is
   * not complete and could not be completed; APIUserAbortError when the caller ended it.
   */
  async read(): Promise<readonly SseEvent[] | undefined> {
    const { deadlines, controller } = this.#options
    for (;;) {
      throwIfAborted(controller.signal)
      if (this.#isClosed) return undefined
      let cause: unknown
      try {
        deadlines.waiting()
        const connection = this.#connection
        const result = await connection.pull()
        deadlines.arrived()
        const events = result.done ? await connection.end() : connection.take(result.value)
        if (events !== undefined) {
          const fresh = this.#accept(events)
          if (fresh === undefined)
            throw new StreamInterruptedError(await this.received.completion(), { message: DIFFERS })
          if (fresh.length > 0) return fresh
          continue
        }
      } catch (error) {
        deadlines.arrived()
        if (error instanceof OpenAIError) throw error
        cause = error
      }
      throwIfAborted(controller.signal)
      if (this.#isClosed) return undefined
      const recovered = await this.#recover(deadlines.takeLate() ?? cause)
      if (recovered === undefined) {
        this.close()
        return undefined
      }
      this.#connection = recovered.connection
      // The reader left meanwhile.
      if (this.#isClosed) this.#connection.close()
      this.#join = recovered.join ?? this.#join
    }
  }

  /**
   * The reader has seen the end: `answer` when every choice has its finish_reason (usage may follow), `all`
   * when nothing follows. A break from now on loses nothing of the answer.
   */
  finish(what: 'answer' | 'all'): void {
    this.#isFinished = true
    if (what === 'answer' || this.#isDone) return
    this.#isDone = true
    // A reader that wants what follows the end (FastGPT) waits for the server to close, but not for ever.
    this.#stopEpilogue = this.#options.clock.after(EPILOGUE_MS, () => this.#connection.close())
  }

  /** A token was seen: the deadline for the first one is met. */
  tokenSeen(): void {
    this.#options.deadlines.tokenSeen()
  }

  /** Nothing more is wanted. The connection is read to its end if that is near. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.deadlines.stop()
    this.#stopEpilogue?.()
    this.#unwatch()
    this.#options.onClose()
    this.#options.controller.signal.removeEventListener('abort', this.#onAbort)
    if (this.#isFinished) this.#connection.drain(this.#options.clock)
    else this.#connection.close()
  }

  /** The reader leaves before the end: whoever produces the answer may stop. */
  abandon(): void {
    if (!this.#isClosed && !this.#isFinished && this.url !== undefined) this.#options.cancel(this.url)
    this.close()
  }

  #onAbort = (): void => {
    this.close()
    this.#recovery.interrupt()
  }

  /** New events only, rewritten where they belong to a continuation; `undefined` when they cannot be joined. */
  #accept(events: readonly SseEvent[]): readonly SseEvent[] | undefined {
    const fresh = this.#position.fresh(events)
    if (fresh.length === 0) return fresh
    this.#recovery.progress()
    return this.#join === undefined ? fresh : this.#join(fresh)
  }

  async #recover(cause: unknown): Promise<Recovered | undefined> {
    this.#connection.close()
    if (this.#isDone) return undefined
    try {
      return await this.#recovery.recover(cause, this.#isFinished)
    } catch (error) {
      this.close()
      throw error
    }
  }
}

const DIFFERS =
  'The connection broke in the middle of the answer, and the answer that replaced it differs from what was shown.'

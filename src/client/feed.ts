import type { SseEvent } from '../sse/event.ts'
import { Connection } from './connection.ts'
import {
  APIConnectionTimeoutError,
  APIError,
  OpenAIError,
  StreamInterruptedError,
  StreamTruncatedError,
} from './errors.ts'
import type { EventSource } from './event-source.ts'
import type { FeedOptions } from './feed-options.ts'
import { Position } from './position.ts'
import { Received } from './received.ts'
import type * as rescue from './rescue.ts'
import { nextStep, startReading, type ResumeDecision, type ResumeEvent, type ResumeState } from './resume.ts'
import { isOffline, onWake } from './timing.ts'
import { sleep, throwIfAborted } from './transport.ts'
import { askedDelay } from './retry.ts'

/** How often a feed asks a model for the rest of one answer. */
const MAX_RESCUES = 3
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
  #state: ResumeState
  #join: ((events: readonly SseEvent[]) => readonly SseEvent[] | undefined) | undefined = undefined
  #isFinished = false
  #isDone = false
  #isClosed = false
  #rescues = 0
  #reconnects = 0
  readonly #position: Position
  readonly #unwatch: () => void
  /** Loaded at the start, when there is a network, and only by those who want it. */
  readonly #rescuer: Promise<typeof rescue | undefined> | undefined
  #stopEpilogue: (() => void) | undefined = undefined
  #wakeUp: (() => void) | undefined = undefined

  constructor(options: FeedOptions) {
    this.#options = options
    const { response } = options.reply
    this.#position = new Position(response)
    this.#connection = new Connection(options.reply)
    this.#state = startReading(options.clock.now())
    this.#rescuer = options.onInterrupted === 'error' ? undefined : import('./rescue.ts').catch(() => undefined)
    options.deadlines.start(() => this.#connection.close())
    options.controller.signal.addEventListener('abort', this.#onAbort)
    this.#unwatch = this.url === undefined ? (): void => undefined : onWake(() => this.#wake())
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
    return { reconnects: this.#reconnects, rescues: this.#rescues }
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
          if (fresh.length > 0) return fresh
          continue
        }
      } catch (error) {
        deadlines.arrived()
        if (error instanceof OpenAIError) throw error
        cause = error
      }
      throwIfAborted(controller.signal)
      if (this.#isClosed || !(await this.#recover(deadlines.takeLate() ?? cause))) {
        this.close()
        return undefined
      }
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
    this.#wakeUp?.()
  }

  /** New events only, rewritten where they belong to a continuation. */
  #accept(events: readonly SseEvent[]): readonly SseEvent[] {
    let fresh = this.#position.fresh(events)
    if (fresh.length === 0) return fresh
    if (this.#state.phase === 'waiting') this.#step({ type: 'progress' })
    if (this.#join !== undefined) {
      const joined = this.#join(fresh)
      if (joined === undefined) throw new StreamInterruptedError(this.received.completion, { message: DIFFERS })
      fresh = joined
    }
    return fresh
  }

  /** Whether there is more to read. */
  async #recover(cause: unknown): Promise<boolean> {
    this.#connection.close()
    const { resume, deadlines } = this.#options
    if (this.#isDone) return false
    if (deadlines.isOver) return this.#giveUp(cause)
    if (this.url !== undefined && resume !== undefined) return this.#reconnect(this.url, cause)
    return this.#isFinished ? false : this.#rescue(cause)
  }

  /** Until a connection stands again, or the policy gives up. */
  async #reconnect(url: string, cause: unknown): Promise<boolean> {
    let event: ResumeEvent = { type: 'broken' }
    for (;;) {
      const decision = this.#step(event)
      if (decision.action === 'end') return this.#giveUp(undefined)
      if (decision.action === 'give-up') return this.#giveUp(cause)
      if (decision.action === 'reconnect') await this.#wait(decision.afterMs)
      const answer = await this.#reopen(url)
      if (answer instanceof Connection) {
        this.#reconnects++
        this.#connection = answer
        return true
      }
      event = answer
    }
  }

  async #reopen(url: string): Promise<Connection | ResumeEvent> {
    const { clock, controller } = this.#options
    try {
      const reply = await this.#options.reopen(url, this.#position.cursor)
      const { status } = reply.response
      if (status === 200) return new Connection(reply)
      reply.abort()
      reply.release()
      return { type: 'refused', status, retryAfterMs: undefined }
    } catch (error) {
      throwIfAborted(controller.signal)
      if (!(error instanceof APIError)) throw error
      const retryAfterMs = error.headers === undefined ? undefined : askedDelay(error.headers, clock.date())
      return { type: 'refused', status: error.status ?? 0, retryAfterMs }
    }
  }

  async #rescue(cause: unknown): Promise<boolean> {
    const { request, onInterrupted, deadlines, controller } = this.#options
    const plan =
      request === undefined ? undefined : (await this.#rescuer)?.planRescue(onInterrupted, request, this.received)
    if (plan === undefined || this.#rescues === MAX_RESCUES) return this.#giveUp(cause)
    this.#rescues++
    try {
      this.#connection = new Connection(await this.#options.restart(plan.request))
    } catch (error) {
      throwIfAborted(controller.signal)
      return this.#giveUp(error)
    }
    deadlines.restart()
    this.#join = (events) => plan.join(events)
    return true
  }

  /** Cut: by an end that was none (no cause), by a break, by a deadline. An answer that was whole stays whole. */
  #giveUp(cause: unknown): boolean {
    // An audio answer ends without a finish_reason.
    if (this.#isFinished || this.received.folded.finished) return false
    this.close()
    if (cause instanceof APIConnectionTimeoutError && this.received.isEmpty) throw cause
    if (cause === undefined) throw new StreamTruncatedError(this.received.completion)
    const message = cause instanceof APIConnectionTimeoutError ? cause.message : undefined
    throw new StreamInterruptedError(this.received.completion, { message, cause })
  }

  async #wait(ms: number): Promise<void> {
    const { clock, controller, resume } = this.#options
    const woken = new AbortController()
    this.#wakeUp = () => woken.abort()
    // Without a network no attempt can succeed; the browser says when there is one again.
    await sleep(clock, isOffline() ? Math.max(ms, resume?.maxSilenceMs ?? 0) : ms, woken.signal)
    this.#wakeUp = undefined
    throwIfAborted(controller.signal)
  }

  #wake(): void {
    const { action } = this.#step({ type: 'wake', silenceMs: this.#options.deadlines.silence })
    if (action !== 'reconnect') return
    if (this.#wakeUp === undefined) this.#connection.close()
    else this.#wakeUp()
  }

  #step(event: ResumeEvent): ResumeDecision {
    const { clock, random, resume } = this.#options
    const [state, decision] = nextStep(this.#state, event, clock.now(), random(), resume)
    this.#state = state
    return decision
  }
}

const DIFFERS =
  'The connection broke in the middle of the answer, and the answer that replaced it differs from what was shown.'

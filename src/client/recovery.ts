import { Connection } from './connection.ts'
import { APIConnectionTimeoutError, APIError, StreamInterruptedError, StreamTruncatedError } from './errors.ts'
import type { FeedOptions } from './feed-options.ts'
import type { Position } from './position.ts'
import type { Received } from './received.ts'
import type * as rescue from './rescue.ts'
import { nextStep, startReading, type ResumeDecision, type ResumeEvent, type ResumeState } from './resume.ts'
import { retryAfter } from '../limit/retry-after.ts'
import { isOffline } from './timing.ts'
import { sleep, throwIfAborted } from './transport.ts'

/** How often a model is asked for the rest of one answer. */
const MAX_RESCUES = 3

/** Another connection, on which the answer goes on; `join` makes its events those of the answer. */
export interface Recovered {
  readonly connection: Connection
  readonly join?: rescue.Rescue['join'] | undefined
}

/** Gets an answer going again whose connection broke: from the server's log, else by asking the model. */
export class Recovery {
  readonly #options: FeedOptions
  readonly #position: Position
  readonly #received: Received
  #state: ResumeState
  #rescues = 0
  #reconnects = 0
  /** Loaded at the start, when there is a network, and only by those who want it. */
  readonly #rescuer: Promise<typeof rescue | undefined> | undefined
  #wakeUp: (() => void) | undefined = undefined

  constructor(options: FeedOptions, position: Position, received: Received) {
    this.#options = options
    this.#position = position
    this.#received = received
    this.#state = startReading(options.clock.now())
    this.#rescuer = options.onInterrupted === 'error' ? undefined : import('./rescue.ts').catch(() => undefined)
  }

  /** How often the stream was taken up again, and how often the model was asked for the rest. */
  get repairs(): { readonly reconnects: number; readonly rescues: number } {
    return { reconnects: this.#reconnects, rescues: this.#rescues }
  }

  /** New events arrived: the whole budget is there again. */
  progress(): void {
    if (this.#state.phase === 'waiting') this.#step({ type: 'progress' })
  }

  /** The device is back. Says whether the connection that is open counts as dead. */
  wake(): boolean {
    const { action } = this.#step({ type: 'wake', silenceMs: this.#options.deadlines.silence })
    if (action !== 'reconnect') return false
    if (this.#wakeUp === undefined) return true
    this.#wakeUp()
    return false
  }

  /** Ends a wait at once: the stream was aborted. */
  interrupt(): void {
    this.#wakeUp?.()
  }

  /**
   * The way on, or `undefined` when there is none and none is needed.
   *
   * @param isFinished Every choice has its finish_reason: nothing of the answer is missing.
   * @throws StreamTruncatedError, StreamInterruptedError or APIConnectionTimeoutError when the answer stays cut.
   */
  async recover(cause: unknown, isFinished: boolean): Promise<Recovered | undefined> {
    const { resume, deadlines } = this.#options
    const { url } = this.#position
    if (deadlines.isOver) return this.#giveUp(cause, isFinished)
    if (url !== undefined && resume !== undefined) return this.#reconnect(url, cause, isFinished)
    return isFinished ? undefined : this.#rescue(cause)
  }

  /** Until a connection stands again, or the policy gives up. */
  async #reconnect(url: string, cause: unknown, isFinished: boolean): Promise<Recovered | undefined> {
    let event: ResumeEvent = { type: 'broken' }
    for (;;) {
      const decision = this.#step(event)
      if (decision.action === 'end') return this.#giveUp(undefined, isFinished)
      if (decision.action === 'give-up') return this.#giveUp(cause, isFinished)
      if (decision.action === 'reconnect') await this.#wait(decision.afterMs)
      const answer = await this.#reopen(url)
      if (answer instanceof Connection) {
        this.#reconnects++
        return { connection: answer }
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
      const retryAfterMs = error.headers === undefined ? undefined : retryAfter(error.headers, clock.date())
      return { type: 'refused', status: error.status ?? 0, retryAfterMs }
    }
  }

  async #rescue(cause: unknown): Promise<Recovered | undefined> {
    const { request, onInterrupted, deadlines, controller } = this.#options
    const rescuer = request === undefined ? undefined : await this.#rescuer
    if (request === undefined || rescuer === undefined || this.#rescues === MAX_RESCUES)
      return this.#giveUp(cause, false)
    const plan = rescuer.planRescue(onInterrupted, request, await this.#received.completion())
    if (plan === undefined) return this.#giveUp(cause, false)
    this.#rescues++
    try {
      const connection = new Connection(await this.#options.restart(plan.request))
      deadlines.restart()
      return { connection, join: (events) => plan.join(events) }
    } catch (error) {
      throwIfAborted(controller.signal)
      return this.#giveUp(error, false)
    }
  }

  /** Cut: by an end that was none (no cause), by a break, by a deadline. An answer that was whole stays whole. */
  async #giveUp(cause: unknown, isFinished: boolean): Promise<undefined> {
    if (isFinished) return undefined
    const received = this.#received
    // An audio answer ends without a finish_reason.
    if ((await received.folded().catch(() => undefined))?.finished === true) return undefined
    if (cause instanceof APIConnectionTimeoutError && received.isEmpty) throw cause
    const partial = await received.completion()
    if (cause === undefined) throw new StreamTruncatedError(partial)
    const message = cause instanceof APIConnectionTimeoutError ? cause.message : undefined
    throw new StreamInterruptedError(partial, { message, cause })
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

  #step(event: ResumeEvent): ResumeDecision {
    const { clock, random, resume } = this.#options
    const [state, decision] = nextStep(this.#state, event, clock.now(), random(), resume)
    this.#state = state
    return decision
  }
}

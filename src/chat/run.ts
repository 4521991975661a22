import type { Clock } from '../clock.ts'
import type { Usage } from '../completion/chunk.ts'
import type { Seam } from '../completion/seam.ts'
import type { AnswerStream, ChatClient } from './client.ts'
import { Draft } from './draft.ts'
import { answerErrorOf, isCancelled } from './errors.ts'
import { isOpen, type Answer, type AnswerStatus, type Message } from './message.ts'
import { requestFor } from './request.ts'

/** What an answer cost in US dollars; `undefined` when it is not known. */
export type PriceOf = (model: string, usage: Usage) => number | undefined

/** What reading an answer needs. */
export interface RunOptions {
  readonly client: ChatClient
  readonly clock: Clock
  readonly conversation: string
  readonly onDisconnect: string
  /** The messages that the answer follows. */
  readonly before: readonly Message[]
  /** There is another answer to the same message: one from a cache would be that one again. */
  readonly isAnother: boolean
  readonly priceOf: PriceOf | undefined
  /** The stream is there, and with it its id. */
  readonly onOpen: () => void
  /** More of the answer is there. */
  readonly onProgress: () => void
}

/** One answer being read: asked for, or taken up. Never throws; what goes wrong becomes the answer's error. */
export class Run {
  readonly #known: Answer
  readonly #options: RunOptions
  #draft: Draft
  #stream: AnswerStream | undefined = undefined
  #isStopped = false
  #answer: Answer
  #isDirty = false

  constructor(known: Answer, options: RunOptions) {
    // One whose connection broke is open again.
    this.#known = isOpen(known) ? known : { ...known, status: 'waiting', error: undefined }
    this.#options = options
    this.#draft = new Draft(this.#known, options.clock, undefined)
    this.#answer = this.#known
  }

  /** The answer as it is now; the same object while nothing changes. */
  get answer(): Answer {
    if (this.#isDirty) this.#look()
    return this.#answer
  }

  /** Ends the answer for everyone. One that has no stream yet is ended as soon as it has. */
  stop(): void {
    if (this.#isStopped || !isOpen(this.answer)) return
    this.#isStopped = true
    void this.#stream?.cancel()
    this.#close('stopped')
  }

  /** Reads to the end. `isAgain`: the answer was asked for before. */
  async read(isAgain: boolean): Promise<void> {
    try {
      if (this.#known.part > 1) this.#draft = new Draft(this.#known, this.#options.clock, await this.#seam())
      if (isAgain) this.#draft.takenUp()
      const stream = await this.#open(isAgain)
      if (this.#isStopped) return void stream.cancel()
      this.#stream = stream
      this.#draft.opened(stream.id)
      this.#isDirty = true
      this.#options.onOpen()
      for await (const event of stream.events()) {
        if (this.#isStopped) return
        this.#draft.take(event)
        this.#isDirty = true
        this.#options.onProgress()
      }
      if (!this.#isStopped) this.#close('done')
    } catch (thrown) {
      if (this.#isStopped) return
      const error = answerErrorOf(thrown)
      if (isCancelled(error)) this.#close('stopped')
      else this.#close('failed', error)
    }
  }

  async #open(isAgain: boolean): Promise<AnswerStream> {
    const { client, conversation, onDisconnect, before, isAnother } = this.#options
    const { id, part, streamId } = this.#known
    if (isAgain && streamId !== undefined) return client.streams.resume(streamId)
    return client.chat.completions.create(await requestFor(this.#known, before), {
      idempotencyKey: `${id}-${part}`,
      headers: {
        'x-stream-on-disconnect': onDisconnect,
        'x-stream-conversation': conversation,
        ...(isAnother ? { 'cache-control': 'no-cache' } : {}),
      },
    })
  }

  /** What a model says again of its answer, or before it goes on, is dropped. */
  async #seam(): Promise<Seam> {
    const seams = await import('../completion/seam.ts')
    return new seams.Seam({ sent: this.#known.text.slice(0, this.#known.partAt.text) })
  }

  #close(status: AnswerStatus, error?: Answer['error']): void {
    this.#draft.end(status, error)
    this.#look()
  }

  #look(): void {
    const { metrics } = this.#stream ?? {}
    const answer = this.#draft.answer((metrics?.reconnects ?? 0) + (metrics?.rescues ?? 0))
    const { priceOf } = this.#options
    const cost = answer.usage === undefined ? undefined : priceOf?.(answer.settings.model, answer.usage)
    this.#answer = cost === undefined ? answer : { ...answer, cost }
    this.#isDirty = false
  }
}

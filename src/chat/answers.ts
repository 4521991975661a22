import type { Clock } from '../clock.ts'
import { nextFrame } from './frame.ts'
import { Keeping } from './keeping.ts'
import { isOpen, type Answer } from './message.ts'
import type { ChatOptions } from './options.ts'
import { Run } from './run.ts'
import type { Transcript } from './transcript.ts'
import { alternativesOf, pathTo } from './tree.ts'

/** Whom the answers tell. */
interface Listener {
  /** Something is different: an answer began or ended, or has grown, this at most once per frame. */
  readonly onChange: () => void
  /** An answer ended, however it did. */
  readonly onEnd: (answer: Answer) => Promise<void>
}

/**
 * The answers of a conversation that are being read, and the keeping of what becomes of them. All that a
 * conversation needs only when it is told to do something: loaded late, so that a page is shown without it.
 */
export class Answers {
  readonly keeping: Keeping
  readonly #said: Transcript
  readonly #options: ChatOptions
  readonly #clock: Clock
  readonly #listener: Listener
  readonly #runs = new Map<string, Run>()
  #isNotifying = false
  #isOver = false

  constructor(said: Transcript, options: ChatOptions, clock: Clock, listener: Listener) {
    this.#said = said
    this.#options = options
    this.#clock = clock
    this.#listener = listener
    this.keeping = new Keeping(options.store, clock, () => {
      this.fill()
      return said.export()
    })
  }

  /** Whether this answer is being read. */
  readonly has = (id: string): boolean => this.#runs.has(id)

  /** Whether one that is shown is coming. */
  get isBusy(): boolean {
    return this.#said.path.some(({ id }) => isOpen(this.#runs.get(id)?.answer))
  }

  /** Brings the transcript up to what was read. */
  fill(): void {
    for (const [id, run] of this.#runs) this.#said.messages.set(id, run.answer)
  }

  /** Ends those that are shown, for everyone. */
  stop(): void {
    for (const message of this.#said.path) this.#runs.get(message.id)?.stop()
  }

  /** Reads an answer to its end. `isAgain`: it was asked for before. */
  async read(answer: Answer, isAgain: boolean): Promise<void> {
    const run = new Run(answer, {
      client: this.#options.client,
      clock: this.#clock,
      conversation: this.#said.id,
      onDisconnect: this.#options.onDisconnect ?? 'grace=300',
      before: pathTo(this.#said.messages, answer.parent),
      isAnother: alternativesOf(this.#said.messages, answer.id).length > 1,
      priceOf: this.#options.priceOf,
      onOpen: () => void this.keeping.now(),
      onProgress: () => this.#soon(),
    })
    this.#runs.set(answer.id, run)
    this.#listener.onChange()
    // Before anything is asked for: a reload from here on finds the question, and its answer by the key.
    await this.keeping.now()
    await run.read(isAgain)
    this.fill()
    this.#runs.delete(answer.id)
    this.#listener.onChange()
    await this.keeping.now()
    await this.#listener.onEnd(run.answer)
  }

  /** Takes up those that are open and not being read, and those whose connection broke if `alsoBroken`. */
  async takeUp(alsoBroken: boolean): Promise<void> {
    const found: Answer[] = []
    for (const message of this.#said.messages.values()) {
      if (message.role !== 'assistant' || this.#runs.has(message.id)) continue
      if (isOpen(message) || (alsoBroken && message.error?.resumable === true)) found.push(message)
    }
    await Promise.all(found.map((answer) => this.read(answer, true)))
  }

  /** Nothing more is told or kept; what is coming is read to its end. */
  end(): void {
    this.#isOver = true
    this.keeping.end()
  }

  #soon(): void {
    if (this.#isNotifying || this.#isOver) return
    this.#isNotifying = true
    const frame = this.#options.frame ?? nextFrame
    frame(() => {
      this.#isNotifying = false
      this.#listener.onChange()
      this.keeping.soon()
    })
  }
}

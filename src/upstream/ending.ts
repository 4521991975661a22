import type { Usage } from '../completion/chunk.ts'
import type { Parsed, ParsedChunk } from '../completion/parse.ts'
import { closingChunk, repairedChunk, type ChunkIdentity } from '../dialect/fastgpt.ts'
import type { AnswerItem } from '../dialect/writer.ts'
import { SluiceError } from '../errors.ts'
import { Indexes } from './indexes.ts'
import type { Origin } from './origin.ts'
import { providerError } from './refusal.ts'

/** What reading noticed on the way and nobody needs to be told at once. */
export interface ReadNotes {
  /** Events that were no JSON and were left out. */
  malformed: number
  /** The newest usage that this try told; its own, where the stream's is a sum. */
  usage?: Usage | undefined
  /** The model that says it answers. */
  model?: string | undefined
}

/** How an answer is to be read. */
export interface ReadOptions {
  readonly provider: string
  /** Choices that were asked for; an index beyond it is an error. */
  readonly n: number
  /** The provider sends more after `[DONE]`: read to the end of the bytes. */
  readonly readsPastDone: boolean
  readonly notes: ReadNotes
  /** FastGPT: what its chunks leave empty. Its named events are passed on, and its `[DONE]` is an end of its own. */
  readonly identity?: ChunkIdentity | undefined
}

/** Keeps account of whether the end was said, and of what was said instead. */
export class Ending {
  readonly #options: ReadOptions
  readonly #origin: Origin
  readonly #open = new Indexes()
  readonly #finished = new Indexes()
  done = false
  failure: SluiceError | undefined

  constructor(options: ReadOptions, origin: Origin) {
    this.#options = options
    this.#origin = origin
  }

  /** Every choice that was started has its finish_reason. */
  get isComplete(): boolean {
    return !this.#finished.isEmpty && this.#open.isEmpty
  }

  /** Whether a mere piece of text is shown as it is and changes nothing here. */
  get takesText(): boolean {
    return this.failure === undefined && !this.done && this.#options.identity === undefined
  }

  /** Whether a mere piece of text of the first choice would tell nothing that is not known. */
  get expectsText(): boolean {
    return this.takesText && this.#open.has(0) && this.#options.notes.model !== undefined
  }

  get isStarted(): boolean {
    return !this.#finished.isEmpty || !this.#open.isEmpty
  }

  /** What to show of what came, into `items`. `name`: of the event it came in. */
  see(parsed: Parsed, items: AnswerItem[], name: string): void {
    const { identity, readsPastDone } = this.#options
    if (this.failure !== undefined || (this.done && !readsPastDone)) return
    switch (parsed.type) {
      case 'chunk':
        this.#follow(parsed)
        items.push(identity === undefined ? parsed : repairedChunk(parsed, name, identity))
        return
      case 'done':
        this.done = true
        if (this.isComplete) return
        if (identity === undefined) this.failure = this.#cut('[DONE] came without a finish_reason')
        else this.#end(closingChunk(identity), items)
        return
      case 'error':
        this.failure = providerError(parsed, this.#origin)
        return
      case 'malformed':
        this.#options.notes.malformed++
        return
      case 'event':
        // Elsewhere a named event is somebody's sign of life.
        if (identity !== undefined) items.push(parsed)
        return
      case 'empty':
        return
      default:
        parsed satisfies never
    }
  }

  /** The bytes have ended. */
  close(): void {
    if (this.failure !== undefined) throw this.failure
    if (!this.isComplete) throw this.#cut('the answer broke off')
  }

  #follow(parsed: ParsedChunk): void {
    // The choice of a mere text was opened by the chunk that it is like.
    if (parsed.text !== undefined) return
    const { notes } = this.#options
    if (parsed.usage !== undefined) notes.usage = parsed.usage
    if (parsed.chunk.model !== '') notes.model ??= parsed.chunk.model
    for (const { index, finish_reason } of parsed.chunk.choices) {
      if (finish_reason) {
        this.#open.delete(index)
        this.#finished.add(index)
      } else if (!this.#finished.has(index)) this.#open.add(index)
    }
  }

  /** FastGPT says `[DONE]` only when all went well; a plugin's answer has no finish_reason before it. */
  #end(closing: ParsedChunk, items: AnswerItem[]): void {
    this.#open.clear()
    this.#follow(closing)
    items.push(closing)
  }

  #cut(what: string): SluiceError {
    const { provider, notes } = this.#options
    if (this.isStarted) return new SluiceError('upstream_interrupted', `${provider}: ${what}`, { provider })
    const malformed = notes.malformed > 0 ? ` (${notes.malformed} malformed events)` : ''
    return new SluiceError('provider_bad_response', `${provider}: the response held no answer${malformed}`, {
      provider,
    })
  }
}

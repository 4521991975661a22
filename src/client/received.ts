import { Accumulator } from '../completion/accumulate.ts'
import type { ChatCompletion } from '../completion/chunk.ts'
import { parseEvent } from '../completion/parse.ts'
import type { SseEvent } from '../sse/event.ts'

/**
 * What has arrived of a stream, for when it is asked for: a partial answer, what is to be continued. Batches
 * are only kept as they come; to fold each of them at once would cost every stream what few need.
 */
export class Received {
  readonly #accumulator = new Accumulator()
  #isEmpty = true
  #batches: (readonly SseEvent[])[] = []

  /** Whether nothing has arrived. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  add(batch: readonly SseEvent[]): void {
    this.#isEmpty = false
    this.#batches.push(batch)
  }

  /** Everything so far, folded. */
  get folded(): Accumulator {
    for (const batch of this.#batches) {
      for (const event of batch) {
        const parsed = parseEvent(event)
        if (parsed.type === 'chunk') this.#accumulator.add(parsed.chunk)
      }
    }
    this.#batches = []
    return this.#accumulator
  }

  /** The completion so far. */
  get completion(): ChatCompletion {
    return this.folded.completion()
  }
}

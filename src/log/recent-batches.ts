import type { Batch } from './stream-log.ts'

/** So many are remembered. A power of two. */
const RECENT = 64

/**
 * The batches that were read last from streams that have ended, so that readers at the same place of one are given
 * the same object. They live only as long as somebody uses them.
 */
export class RecentBatches<S> {
  readonly #streams: (S | undefined)[] = Array.from<S | undefined>({ length: RECENT })
  readonly #batches: (WeakRef<Batch> | undefined)[] = Array.from<WeakRef<Batch> | undefined>({ length: RECENT })
  #next = 0

  /** The batch of this stream that starts at this offset. */
  find(stream: S, first: number): Batch | undefined {
    for (let at = this.#streams.indexOf(stream); at >= 0; at = this.#streams.indexOf(stream, at + 1)) {
      const batch = this.#batches[at]?.deref()
      if (batch?.entries[0]?.offset === first) return batch
    }
    return undefined
  }

  remember(stream: S, batch: Batch): void {
    this.#streams[this.#next] = stream
    this.#batches[this.#next] = new WeakRef(batch)
    this.#next = (this.#next + 1) % RECENT
  }
}

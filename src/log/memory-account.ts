import type { Packer } from './packer.ts'
import type { RecentBatches } from './recent-batches.ts'
import type { Slabs } from './slabs.ts'
import type { TextStore } from './text-store.ts'

/** What the streams of one log share. */
export interface MemoryAccount<S> {
  /** What all streams cost, with what is lost in slabs. */
  bytes: number
  /** The log is closed: there will be nothing more to wait for. */
  isShut: boolean
  readonly expiresAfter: number
  readonly now: () => number
  readonly packer: Packer
  readonly slabs: Slabs
  readonly recent: RecentBatches<S>
  /** Emptied, to be used again. */
  readonly texts: TextStore[]
  /** The stream has ended. */
  readonly onClose: (stream: S) => void
  /** Makes room when there is too much. */
  readonly relieve: () => void
}

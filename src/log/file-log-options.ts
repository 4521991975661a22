import type { Damage } from './damage.ts'
import type { Disk } from './disk.ts'
import type { StreamState, StreamWriter } from './stream-log.ts'

/** How a file log keeps its streams. */
export interface FileLogOptions {
  /** Where the files are; made when it is not there. One log at a time. */
  readonly dir: string
  /**
   * What an entry has survived before a reader is given it: `process` (default) the death of this
   * process, by kill -9 as well; `power` also loss of power (one fdatasync per group commit).
   */
  readonly durability?: 'process' | 'power' | undefined
  /**
   * Milliseconds since 1970. It should not jump with the wall clock, or streams expire early:
   * `() => performance.timeOrigin + performance.now()`.
   */
  readonly now: () => number
  /** How long a closed stream can be read, in milliseconds. Default 24 hours. */
  readonly retentionMs?: number | undefined
  /** Beyond so many bytes of closed streams on disk the oldest go early. Default 1 GiB. The journal comes on top. */
  readonly maxBytes?: number | undefined
  /** At most so many streams; beyond, the oldest closed ones go. Default 100,000. */
  readonly maxStreams?: number | undefined
  /** A file is followed by the next one at this size. Default 32 MiB, at most an eighth of `maxBytes`. */
  readonly segmentBytes?: number | undefined
  /**
   * What entries may take in memory before open streams are moved to disk earlier, and, when the disk
   * takes nothing, before the oldest are given up. In bytes, estimated; default 256 MiB.
   */
  readonly hotBytes?: number | undefined
  /**
   * Called at the start for each stream whose producer died with the last process. It may go on
   * writing: the offsets continue. Without it, the stream is closed as failed, `producer_lost`.
   */
  readonly onOrphan?: ((stream: StreamState, writer: StreamWriter) => void) | undefined
  /** Told of each place in the files that could not be read. */
  readonly onDamage?: ((damage: Damage) => void) | undefined
  /** The disk; the real one unless told. */
  readonly disk?: Disk | undefined
  /** A random 32-bit number for each file. */
  readonly salt?: (() => number) | undefined
}

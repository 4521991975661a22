import type { LoadBlock } from './body.ts'
import type { BlockRef, Cut } from './notes.ts'
import type { Outcome, StreamInit } from './stream-log.ts'
import type { Author } from './stream-records.ts'
import type { Tail } from './tail.ts'

/** What the streams of one log share. */
export interface Account<Stream> {
  readonly now: () => number
  readonly retentionMs: number
  /** What all entries in memory cost, estimated. */
  bytes: number
  readonly load: LoadBlock
  /** The stream has something to be written. */
  readonly onDirty: (stream: Stream) => void
  /** Something was made safe. */
  readonly onSaved: (stream: Stream) => void
  /** Readers see the end. */
  readonly onEnd: (stream: Stream) => void
  /** Entries were given to readers that could not be made safe. */
  readonly onRelayed: (stream: Stream) => void
  readonly pin: (segment: number) => void
  readonly unpin: (segment: number) => void
}

/** A stream as it is made: new, or from what is on disk. */
export interface Origin {
  readonly init: StreamInit
  /** As whom it writes to the journal; undefined when only the archive knows it. */
  readonly author: Author | undefined
  readonly first: number
  readonly tail: Tail
  readonly blocks: readonly BlockRef[]
  readonly cut?: Cut | undefined
  readonly end?: { readonly outcome: Outcome; readonly closedAt: number } | undefined
  /** The oldest journal segment that holds something of it. */
  readonly pinned?: number | undefined
}

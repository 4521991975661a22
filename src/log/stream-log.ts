import type { Around } from '../completion/text-path.ts'
import type { CancelSignal } from '../cancel.ts'
import type { ErrorEnvelope } from '../errors.ts'

/**
 * What one entry is to a reader:
 * - `chunk`: a provider's chunk, verbatim;
 * - `usage`: a chunk whose `choices` is empty, kept where the caller asked for usage (PROTOCOL 3);
 * - `event`: a provider's named event that is not a chunk (FastGPT), `name` says which;
 * - `done`: the closing `[DONE]`;
 * - `error`: the closing error envelope.
 */
export type EntryKind = 'chunk' | 'usage' | 'event' | 'done' | 'error'

/** One thing that happened in a stream, before the log has given it a place. */
export interface NewEntry {
  readonly kind: EntryKind
  /** The SSE data, verbatim: JSON text, or `[DONE]`. */
  readonly data: string
  /** The SSE event name, for `event` entries, and for a chunk whose event says how it is to be shown (FastGPT). */
  readonly name?: string | undefined
  /** What the data begins and ends with, where the producer knows it; the same object for entries that are alike. */
  readonly around?: Around | undefined
}

/** An entry in its place: offsets start at 0 and grow by one. */
export interface Entry extends NewEntry {
  readonly offset: number
}

/**
 * Entries that became readable together. Readers that tail a stream are all given the same object,
 * so that what one of them computed from it (`frames`) serves the others.
 */
export interface Batch {
  readonly entries: readonly Entry[]
  /** A place for the deliverer to keep the batch's frames, encoded once for all readers; the log never looks at it. */
  frames?: Frames
}

/** A batch as it goes over the wire. */
export interface Frames {
  /** SSE text. */
  readonly text: string
  /** Its length in UTF-8, where that is known: to measure a text that was put together copies it. */
  readonly bytes?: number | undefined
  /** Whether the stream's end is in it, so that nothing follows. */
  readonly isLast?: boolean
  /** A place for the transport to keep the text as it sends it, framed once for all readers. */
  wire?: string
}

/** How a stream ended. Every later reader sees the same one (PROTOCOL 4). */
export interface Outcome {
  readonly status: 'completed' | 'failed' | 'cancelled'
  /** Why it failed or was cancelled. */
  readonly error?: ErrorEnvelope['error'] | undefined
  /** The provider's count of tokens, wire names, as far as it gave one. */
  readonly usage?: object | undefined
  /** What happened on the way, in order; plain data for people and logs. */
  readonly timeline?: readonly TimelineEvent[] | undefined
}

/** One thing that happened while a stream was produced. */
export interface TimelineEvent {
  /** Milliseconds since the stream began. */
  readonly at: number
  /** `attempt`, `opened`, `failed`, `first_token`, `seam`, `ended` … */
  readonly type: string
  readonly [fact: string]: unknown
}

/** What is known of a stream when it starts. Kept with it, given back after a restart. */
export interface StreamInit {
  /** `st_` and at least 128 random bits (PROTOCOL 5). */
  readonly id: string
  /** Whose stream it is: a key's id, or `local`. Checked on every read (PROTOCOL 5: foreign is unknown). */
  readonly owner: string
  readonly model: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** The caller's own grouping, listed by `GET /v1/streams?conversation=`. */
  readonly conversation?: string | undefined
  /** The request body, kept only by logs that can take a stream up again after a crash. */
  readonly request?: string | undefined
}

/** A stream as the log knows it now. */
export interface StreamState extends StreamInit {
  readonly status: 'open' | Outcome['status']
  readonly outcome: Outcome | undefined
  /** Offset of the first entry that can still be read. */
  readonly first: number
  /** Offset of the newest readable entry, -1 before the first. */
  readonly last: number
  /** Milliseconds since 1970 after which a closed stream may be gone; undefined while open. */
  readonly expiresAt: number | undefined
}

/** The producer's end of one stream. One writer per stream. */
export interface StreamWriter {
  readonly id: string
  /**
   * Adds entries in order. Returns at once; readers see them as soon as the log could no longer lose
   * them (at once in memory, after the group commit on disk). Never waits for a reader.
   * Throws `SluiceError` `internal` after `close`.
   */
  append(entries: readonly NewEntry[]): void
  /**
   * Ends the stream, exactly once; a second call changes nothing. Resolves when the outcome is as
   * durable as the entries before it.
   */
  close(outcome: Outcome): Promise<void>
}

/**
 * The replayable, tailable record of streams: the only meeting point of the relay and its readers.
 *
 * An implementation guarantees:
 * 1. `read` gives every entry with an offset greater than `after`, in order, without gap or repeat,
 *    however often it is called and however the calls overlap with `append`;
 * 2. what a reader was given stays readable until the stream expires or is erased (append, then
 *    deliver);
 * 3. a read of a closed stream ends after its last entry; a read of an open one waits;
 * 4. a stream has one outcome; `find` tells it to everyone alike;
 * 5. a reader that stops pulling costs the log nothing but its own position.
 */
export interface StreamLog {
  /** Starts a stream. Throws `SluiceError` `conflict` when the id exists. */
  create(init: StreamInit): StreamWriter
  /** The stream's state, `undefined` for unknown and erased ones, `'expired'` for those that are gone by age or size. */
  find(id: string): Promise<StreamState | 'expired' | undefined>
  /**
   * Entries after `after` (-1: from the start), then live ones, until the stream is closed.
   * Throws `stream_not_found` or `cursor_expired`; ends early, without a throw, when `signal` aborts.
   */
  read(id: string, after: number, signal?: CancelSignal): BatchSource
  /** The owner's streams, newest first. */
  list(owner: string, filter?: ListFilter): Promise<readonly StreamState[]>
  /** Everybody's streams, newest first: for the operator, never for a caller. */
  listAll(filter?: ListFilter): Promise<readonly StreamState[]>
  /** Forgets a stream and its content. Unknown ids are no error. Its readers end. */
  erase(id: string): Promise<void>
  /** `degraded`: entries are delivered but not kept as promised (a full disk, a lost store). */
  health(): LogHealth
  /** Resolves when everything appended is as durable as this log makes it, then lets go of its resources. */
  close(): Promise<void>
}

/** Which streams `list` gives. */
export interface ListFilter {
  readonly status?: StreamState['status'] | undefined
  readonly conversation?: string | undefined
  /** At most so many; 100 unless told. */
  readonly limit?: number | undefined
}

/** Takes entries; true: go on, false: no more are wanted, a promise of either: wait for it. */
export type BatchSink = (batch: Batch) => boolean | Promise<boolean>

/** Entries to be read: pulled as an iterable, or, where the log can, pushed. Use one of them, once. */
export interface BatchSource extends AsyncIterable<Batch> {
  /**
   * Gives entries to `sink` in the turn in which they become readable. Resolves at the stream's end, when
   * the sink wants no more, or when the read's signal aborts; rejects with what `read` throws, or the sink.
   */
  flow?(sink: BatchSink): Promise<void>
}

/** Whether the log keeps its promise now. */
export interface LogHealth {
  readonly durability: 'memory' | 'process' | 'power'
  readonly degraded: boolean
  readonly reason?: string | undefined
}

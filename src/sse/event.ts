/** One thing on an SSE wire: a dispatched event, or a sign of life. WHATWG HTML, section 9.2.6. */
export type SseItem = SseEvent | SseComment | SseRetry

/** A dispatched event. */
export interface SseEvent {
  readonly type: 'event'
  /** The `event:` field; empty for an un-named event (browsers call it `message`). */
  readonly name: string
  /** The `data:` lines, joined by LF. */
  readonly data: string
  /**
   * The `id:` line of this block, or of a block without data right before it; `undefined` when there was
   * none, and the reader's last event id stays what it is.
   */
  readonly id: string | undefined
  /**
   * Set when the bytes ended before the blank line that dispatches an event. A browser drops such an
   * event; some servers (llama.cpp) send their last one like this.
   */
  readonly unterminated?: true
  /**
   * A line `error: …` that stood in the block. Not in the standard; llama.cpp reported failures like
   * this until late 2025, and a failure must not be lost.
   */
  readonly error?: string
}

/** A comment line: a heartbeat, or `: OPENROUTER PROCESSING`. */
export interface SseComment {
  readonly type: 'comment'
  readonly text: string
}

/** The server's reconnection time, in milliseconds. */
export interface SseRetry {
  readonly type: 'retry'
  readonly ms: number
}

import type { SseEvent } from '../sse/event.ts'
import type { Received } from './received.ts'

/** Where a stream's events come from: a `Feed`, or one branch of a `tee()`. */
export interface EventSource {
  /** The next events, never an empty batch; `undefined` when there are no more. See `Feed.read`. */
  read(): Promise<readonly SseEvent[] | undefined>
  /** The reader has seen the end of the answer, or that nothing follows at all. */
  finish(what: 'answer' | 'all'): void
  /** The reader has seen a token. */
  tokenSeen(): void
  /** The reader has what it wanted. */
  close(): void
  /** The reader leaves early: the answer's producer may stop. */
  abandon(): void
  readonly received: Received
  readonly response: Response
  /** The stream's id at a gateway. */
  readonly id: string | undefined
  readonly repairs: { readonly reconnects: number; readonly rescues: number }
}

import type { Clock } from '../clock.ts'
import type { ChatRequest } from '../completion/request.ts'
import type { Deadlines } from './deadlines.ts'
import type { OnInterrupted } from './rescue.ts'
import type { ResumePolicy } from './resume.ts'
import type { Reply } from './transport.ts'

/** What a feed is made of. */
export interface FeedOptions {
  /** The first answer, whose body has not been read. */
  readonly reply: Reply
  /** The request, for a rescue; `undefined` for a stream that someone else started. */
  readonly request: ChatRequest | undefined
  readonly onInterrupted: OnInterrupted
  /** The limits of reconnecting; `undefined` does not reconnect. */
  readonly resume: ResumePolicy | undefined
  readonly deadlines: Deadlines
  readonly clock: Clock
  readonly random: () => number
  /** Aborts for good: the caller's signal, or `cancel()`. */
  readonly controller: AbortController
  /** Asks the server for what follows a cursor. Rejects with an APIError; tries once. */
  reopen(url: string, cursor: string): Promise<Reply>
  /** Makes a request anew, with retries before its first byte. */
  restart(request: ChatRequest): Promise<Reply>
  /** Tells the gateway that nobody wants the rest. */
  cancel(url: string): void
  /** The feed is closed. */
  onClose(): void
}

import type { ListFilter, StreamState } from './stream-log.ts'

/** What a log keeps of one stream, as far as finding, listing and expiring it goes. */
export abstract class Listed<S> {
  abstract readonly id: string
  abstract readonly owner: string
  /** Milliseconds since 1970. */
  abstract readonly createdAt: number
  /** Milliseconds since 1970 at which it ended; undefined while open. */
  abstract readonly closedAt: number | undefined
  /** Its neighbours among its owner's streams and among the closed ones: the catalogue's own notes. */
  olderOwned: S | undefined = undefined
  newerOwned: S | undefined = undefined
  olderClosed: S | undefined = undefined
  newerClosed: S | undefined = undefined

  abstract state(): StreamState

  /** Whether it is one of those that are asked for. */
  suits({ status, conversation }: ListFilter): boolean {
    const state = this.state()
    if (status !== undefined && state.status !== status) return false
    return conversation === undefined || state.conversation === conversation
  }
}

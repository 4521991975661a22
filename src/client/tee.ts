import type { SseEvent } from '../sse/event.ts'
import type { EventSource } from './event-source.ts'
import type { Received } from './received.ts'

/** Two sources that give the same events. One that is read slowly, or not at all, makes the events wait in memory. */
export function teeSource(source: EventSource): [EventSource, EventSource] {
  const shared = new Shared(source)
  return [new Branch(shared), new Branch(shared)]
}

type Read = Promise<readonly SseEvent[] | undefined>

/** What both branches read from. The source is let go of when both have let go. */
class Shared {
  readonly source: EventSource
  readonly branches: Branch[] = []

  constructor(source: EventSource) {
    this.source = source
  }

  /** Reads once, for both. */
  read(): void {
    const read = this.source.read()
    // Each branch rejects for its own reader; one that nobody reads must not end the program.
    read.catch(() => undefined)
    for (const branch of this.branches) branch.queue.push(read)
  }

  leave(branch: Branch, how: 'close' | 'abandon'): void {
    this.branches.splice(this.branches.indexOf(branch), 1)
    if (this.branches.length === 0) this.source[how]()
  }
}

class Branch implements EventSource {
  readonly queue: Read[] = []
  readonly #shared: Shared
  #hasLeft = false

  constructor(shared: Shared) {
    this.#shared = shared
    shared.branches.push(this)
  }

  get received(): Received {
    return this.#shared.source.received
  }

  get response(): Response {
    return this.#shared.source.response
  }

  get id(): string | undefined {
    return this.#shared.source.id
  }

  get repairs(): EventSource['repairs'] {
    return this.#shared.source.repairs
  }

  read(): Read {
    if (this.#hasLeft) return Promise.resolve(undefined)
    if (this.queue.length === 0) this.#shared.read()
    return this.queue.shift() ?? Promise.resolve(undefined)
  }

  finish(what: 'answer' | 'all'): void {
    this.#shared.source.finish(what)
  }

  tokenSeen(): void {
    this.#shared.source.tokenSeen()
  }

  close(): void {
    this.#leave('close')
  }

  abandon(): void {
    this.#leave('abandon')
  }

  #leave(how: 'close' | 'abandon'): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.queue.length = 0
    this.#shared.leave(this, how)
  }
}

import type { SseEvent } from '../sse/event.ts'
import type { EventSource } from './event-source.ts'

/** Two sources that give the same events. One that is read slowly, or not at all, makes the events wait in memory. */
export function teeSource(source: EventSource): [EventSource, EventSource] {
  const shared = new Shared(source)
  return [shared.branch(), shared.branch()]
}

type Read = Promise<readonly SseEvent[] | undefined>

/** Reads for both branches; the source is let go of when both have let go. */
class Shared {
  readonly source: EventSource
  readonly queues: Set<Read[]> = new Set()

  constructor(source: EventSource) {
    this.source = source
  }

  /** Reads once, for both. */
  read(): void {
    const read = this.source.read()
    // Each branch rejects for its own reader; one that nobody reads must not end the program.
    read.catch(() => undefined)
    for (const queue of this.queues) queue.push(read)
  }

  branch(): EventSource {
    const { source, queues } = this
    const queue: Read[] = []
    queues.add(queue)
    const leave = (how: 'close' | 'abandon'): void => {
      if (queues.delete(queue) && queues.size === 0) source[how]()
    }
    return {
      received: source.received,
      get response() {
        return source.response
      },
      get id() {
        return source.id
      },
      get repairs() {
        return source.repairs
      },
      read: () => {
        if (queues.has(queue) && queue.length === 0) this.read()
        return (queues.has(queue) ? queue.shift() : undefined) ?? Promise.resolve(undefined)
      },
      finish: (what) => source.finish(what),
      tokenSeen: () => source.tokenSeen(),
      close: () => leave('close'),
      abandon: () => leave('abandon'),
    }
  }
}

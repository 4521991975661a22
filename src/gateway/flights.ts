import type { OnDisconnect } from '../config/config.ts'
import type { LiveStream } from './live.ts'

/** A generation that equal requests may join. */
export interface Flight {
  /** Its stream once there is one; `undefined` when it came to nothing. */
  readonly stream: Promise<LiveStream | undefined>
  /** What becomes of it when its last reader leaves. */
  readonly onDisconnect: OnDisconnect
}

/** The first of some equal requests: says what became of it. */
export interface Lead {
  /** There is a stream: others may join it until it ends. */
  started(stream: LiveStream): void
  /** There will be none. After `started` it changes nothing. */
  failed(): void
}

/** Generations that are under way, by what they were asked (coalescing). */
export class Flights {
  readonly #flights = new Map<string, Flight>()

  find(key: string): Flight | undefined {
    return this.#flights.get(key)
  }

  /** From now on equal requests wait for this one. */
  lead(key: string, onDisconnect: OnDisconnect): Lead {
    const { promise, resolve } = Promise.withResolvers<LiveStream | undefined>()
    const flight: Flight = { stream: promise, onDisconnect }
    this.#flights.set(key, flight)
    const end = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    let isOver = false
    return {
      started(stream) {
        isOver = true
        resolve(stream)
        void stream.outcome?.finally(end)
      },
      failed() {
        if (isOver) return
        isOver = true
        end()
        resolve(undefined)
      },
    }
  }
}

/**
 * How long one who joined is still counted as a reader after it has left, in milliseconds: as much longer than
 * the first one's policy as its own says. So the most patient of those who share a generation is obeyed.
 */
export function patienceBeyond(joined: OnDisconnect, first: OnDisconnect): number {
  return patienceOf(first) === Infinity ? 0 : Math.max(0, patienceOf(joined) - patienceOf(first))
}

function patienceOf(policy: OnDisconnect): number {
  switch (policy.type) {
    case 'cancel':
      return 0
    case 'continue':
      return Infinity
    case 'grace':
      return policy.ms
    default:
      return policy satisfies never
  }
}

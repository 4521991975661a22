/**
 * Time as everything here sees it, so that tests can hold it still. `now` never jumps; `date` is the
 * wall clock, for records only.
 */
export interface Clock {
  /** Monotonic milliseconds, from any origin. */
  now(): number
  /** Milliseconds since 1970. */
  date(): number
  /** Calls `fire` once after `ms` milliseconds, without keeping the process alive; the result calls it off. */
  after(ms: number, fire: () => void): () => void
}

/** A timer as runtimes give it: a number in browsers, an object with `unref` in Node. */
interface Unreferable {
  unref(): void
}

function isUnreferable(timer: unknown): timer is Unreferable {
  return typeof timer === 'object' && timer !== null && 'unref' in timer
}

/** The real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(ms, fire) {
    const timer = setTimeout(fire, ms)
    const runtimeTimer: unknown = timer
    if (isUnreferable(runtimeTimer)) runtimeTimer.unref()
    return () => clearTimeout(timer)
  },
}

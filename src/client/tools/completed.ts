import { APIUserAbortError } from '../errors.ts'

/**
 * Promises in the order in which they are settled. None of them may reject.
 *
 * @throws APIUserAbortError as soon as the signal aborts, without waiting for the others.
 */
export async function* asCompleted<T>(
  promises: readonly Promise<T>[],
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const done: T[] = []
  let wake: (() => void) | undefined
  const changed = (): void => wake?.()
  for (const promise of promises) {
    void promise.then((value) => {
      done.push(value)
      changed()
    })
  }
  signal.addEventListener('abort', changed, { once: true })
  try {
    for (let given = 0; given < promises.length; given++) {
      while (done.length === given && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const value = done[given]
      if (signal.aborted || value === undefined) throw Object.assign(new APIUserAbortError(), { cause: signal.reason })
      yield value
    }
  } finally {
    signal.removeEventListener('abort', changed)
  }
}

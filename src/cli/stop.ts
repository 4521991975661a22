/** The part of `process` that is used here. */
export interface SignalSource {
  on(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown
  off(signal: 'SIGINT' | 'SIGTERM', listener: (signal: NodeJS.Signals) => void): unknown
  exit(code: number): never
}

/**
 * One Ctrl-C often arrives twice: the terminal sends it to every process in the foreground, and npm,
 * npx and our own launcher pass on what they got. systemd does the same with SIGTERM.
 */
const SAME_SIGNAL_MS = 250

/**
 * Waits for SIGINT or SIGTERM, then shuts down. Resolves when that is done; a second signal ends the
 * process at once with 128 plus the signal's number.
 *
 * @param now Monotonic milliseconds.
 */
export function stopOnSignal(
  shutdown: () => Promise<void>,
  source: SignalSource = process,
  now: () => number = () => performance.now(),
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let first: number | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first === undefined) {
      first = now()
      shutdown().then(resolve, reject)
    } else if (now() - first > SAME_SIGNAL_MS) {
      source.exit(signal === 'SIGINT' ? 130 : 143)
    }
  }
  source.on('SIGINT', onSignal)
  source.on('SIGTERM', onSignal)
  return promise.finally(() => {
    source.off('SIGINT', onSignal)
    source.off('SIGTERM', onSignal)
  })
}

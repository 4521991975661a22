import { closeSync, openSync } from 'node:fs'

/** The part of `process` that is used here. */
export interface HangupSource {
  on(signal: 'SIGHUP', listener: () => void): unknown
  off(signal: 'SIGHUP', listener: () => void): unknown
}

/** What SIGHUP leads to. */
export interface HangupActions {
  reload(): void
  /** The terminal is gone. */
  stop(): void
}

/**
 * SIGHUP reads the configuration again, as daemons do. A closed terminal sends the same signal, and there it
 * means the end: whoever started the gateway in it does not want it to go on unseen.
 *
 * @param hasTerminal Whether it was started in a terminal, which may go away.
 * @returns Stops listening.
 */
export function onHangup(
  actions: HangupActions,
  hasTerminal: boolean,
  source: HangupSource = process,
  terminalIsThere: () => boolean = hasControllingTerminal,
): () => void {
  const listener = (): void => {
    if (hasTerminal && !terminalIsThere()) actions.stop()
    else actions.reload()
  }
  source.on('SIGHUP', listener)
  return () => source.off('SIGHUP', listener)
}

/** A process whose terminal was hung up has none any more, and cannot open it (ENXIO). */
function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

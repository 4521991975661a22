import type { CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import type { Pace } from '../ledger/cache-table.ts'
import type { Entry, Frames, StreamLog } from '../log/stream-log.ts'
import { frame } from '../sse/encode.ts'

/** What is replayed, and when each part of it came the first time. */
export interface Replay {
  readonly log: StreamLog
  readonly id: string
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: CancelSignal
}

/** How long a replay at this pace takes, in milliseconds. */
export function durationOf(pace: Pace | undefined): number {
  return pace?.at(-1) ?? 0
}

/** The frames of a closed stream, each when it first came, counted from the request. */
export async function* replay({ log, id, pace, clock, signal }: Replay): AsyncGenerator<Frames, void> {
  const startedAt = clock.now()
  const prefix = `${id}:`
  let step = 0
  for await (const { entries } of log.read(id, -1, signal)) {
    let text = ''
    for (const entry of entries) {
      const due = pace[2 * step + 1]
      if (due !== undefined && entry.offset >= (pace[2 * step] ?? 0)) {
        if (text !== '') yield { text }
        text = ''
        step++
        await pause(startedAt + due - clock.now(), clock, signal)
        if (signal.aborted) return
      }
      text += encode(entry, prefix)
    }
    if (text !== '') yield { text }
  }
}

/** The OpenAI surface has no named events (PROTOCOL 3). */
function encode({ kind, offset, data }: Entry, prefix: string): string {
  return kind === 'event' ? '' : frame(prefix, offset, data)
}

/** Resolves after `ms`, or when the reader has left. */
function pause(ms: number, clock: Clock, signal: CancelSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      stop()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const stop = clock.after(ms, done)
    signal.addEventListener('abort', done)
  })
}

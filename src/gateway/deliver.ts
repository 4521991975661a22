import { compact } from '../completion/compact.ts'
import { SluiceError } from '../errors.ts'
import type { Batch, Entry, Frames, StreamLog } from '../log/stream-log.ts'
import { encodeEvent, frame } from '../sse/encode.ts'

/** Batches between two looks at how far behind a reader is. */
const LOOK_EVERY = 64

/** Who reads, and from where. */
export interface Reader {
  /** The last offset this reader has; -1 for none. */
  readonly after: number
  /** Up to this offset, adjacent deltas are merged (PROTOCOL 5); -1: every chunk as it came. */
  readonly compactTo: number
  /** A reader more entries behind the head than this is cut; it can come back with its cursor. */
  readonly maxLag: number
  readonly signal: AbortSignal
}

/**
 * The consumer: log entries after the reader's own position, as frames. Readers that are at the same
 * place share one encoding. Ends after the stream's terminal entry, or, for a reader that cannot keep
 * up, after an error event without an id.
 */
export async function* deliver(log: StreamLog, id: string, reader: Reader): AsyncGenerator<Frames, void> {
  let batches = 0
  for await (const batch of log.read(id, reader.after, reader.signal)) {
    yield encode(batch, id, reader.compactTo)
    if (++batches % LOOK_EVERY !== 0) continue
    const lag = await lagBehind(log, id, batch)
    if (lag > reader.maxLag) return yield tooSlow(lag)
  }
}

async function lagBehind(log: StreamLog, id: string, batch: Batch): Promise<number> {
  const state = await log.find(id)
  // A replay of a closed stream may take as long as it likes: nobody is ahead of it.
  if (state === undefined || state === 'expired' || state.status !== 'open') return 0
  return state.last - (batch.entries.at(-1)?.offset ?? state.last)
}

function tooSlow(lag: number): Frames {
  const error = new SluiceError('reader_too_slow', `This reader is ${lag} events behind; resume with Last-Event-ID`)
  return { text: encodeEvent({ data: JSON.stringify(error.toEnvelope()) }) }
}

function encode(batch: Batch, id: string, compactTo: number): Frames {
  const { entries } = batch
  const last = entries.at(-1)
  const isLast = last !== undefined && (last.kind === 'done' || last.kind === 'error')
  const isReplay = (entries[0]?.offset ?? compactTo) < compactTo
  if (isReplay) return { text: join(merge(entries), id), isLast }
  return (batch.frames ??= { text: join(entries, id), isLast })
}

/** Adjacent deltas as one chunk each; what is no chunk stays where it is. */
function merge(entries: readonly Entry[]): readonly Entry[] {
  const merged: Entry[] = []
  for (let from = 0; from < entries.length;) {
    let to = from
    while (entries[to]?.kind === 'chunk') to++
    for (const { offset, data } of compact(entries.slice(from, to))) merged.push({ offset, kind: 'chunk', data })
    const other = entries[to]
    if (other !== undefined) merged.push(other)
    from = to + 1
  }
  return merged
}

function join(entries: readonly Entry[], id: string): string {
  const prefix = `${id}:`
  let text = ''
  for (const { offset, data, name } of entries) {
    text += name === undefined ? frame(prefix, offset, data) : encodeEvent({ data, name, id: prefix + offset })
  }
  return text
}

import { compact } from '../completion/compact.ts'
import type { Batch, Entry, Frames, StreamLog } from '../log/stream-log.ts'
import { encodeEvent, frame } from '../sse/encode.ts'

/** Who reads, and from where. */
export interface Reader {
  /** The last offset this reader has; -1 for none. */
  readonly after: number
  /** Up to this offset, adjacent deltas are merged (PROTOCOL 5); -1: every chunk as it came. */
  readonly compactTo: number
  readonly signal: AbortSignal
}

/**
 * The consumer: log entries after the reader's own position, as frames. Readers that are at the same
 * place share one encoding. Ends after the stream's terminal entry.
 */
export async function* deliver(log: StreamLog, id: string, reader: Reader): AsyncGenerator<Frames, void> {
  for await (const batch of log.read(id, reader.after, reader.signal)) {
    yield encode(batch, id, reader.compactTo)
  }
}

function encode(batch: Batch, id: string, compactTo: number): Frames {
  const first = batch.entries[0]
  if (first !== undefined && first.offset < compactTo) return { text: join(merge(batch.entries), id) }
  return (batch.frames ??= { text: join(batch.entries, id) })
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

import type { CancelSignal } from '../cancel.ts'
import { compact } from '../completion/compact.ts'
import { SluiceError } from '../errors.ts'
import type { Batch, BatchSource, Entry, Frames, StreamLog } from '../log/stream-log.ts'
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
  /** Whether it is given a provider's named events too. The OpenAI surface has none (PROTOCOL 3). */
  readonly named?: boolean | undefined
  readonly signal: CancelSignal
}

/**
 * The consumer: log entries after the reader's own position, as frames. Readers that are at the same
 * place share one encoding. Ends after the stream's terminal entry, or, for a reader that cannot keep
 * up, after an error event without an id.
 */
export function deliver(log: StreamLog, id: string, reader: Reader): FrameSource {
  return new Delivery(log, id, reader)
}

/** Takes frames; true: go on, false: no more are wanted, a promise of either: wait for it. */
export type FrameSink = (frames: Frames) => boolean | Promise<boolean>

/** Frames to be sent: pulled as an iterable, or pushed in the turn in which they are there. Use one of them, once. */
export interface FrameSource extends AsyncIterable<Frames> {
  /** Resolves at the end, or when the sink wants no more. Rejects with what the log throws, or the sink. */
  flow?(sink: FrameSink): Promise<void>
}

class Delivery implements FrameSource {
  readonly #log: StreamLog
  readonly #id: string
  readonly #reader: Reader
  #count = 0

  constructor(log: StreamLog, id: string, reader: Reader) {
    this.#log = log
    this.#id = id
    this.#reader = reader
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Frames, void> {
    for await (const batch of this.#read()) {
      yield this.#encode(batch)
      const cut = this.#isTimeToLook() ? await this.#overtaken(batch) : undefined
      if (cut !== undefined) return yield cut
    }
  }

  flow(sink: FrameSink): Promise<void> {
    const source = this.#read()
    return source.flow === undefined ? this.#drip(sink) : source.flow((batch) => this.#send(batch, sink))
  }

  async #drip(sink: FrameSink): Promise<void> {
    for await (const frames of this) if (!(await sink(frames))) return
  }

  #send(batch: Batch, sink: FrameSink): boolean | Promise<boolean> {
    const more = sink(this.#encode(batch))
    return this.#isTimeToLook() ? this.#look(batch, more, sink) : more
  }

  /** Goes on unless the reader is too far behind for it to be any use. */
  async #look(batch: Batch, more: boolean | Promise<boolean>, sink: FrameSink): Promise<boolean> {
    if (!(await more)) return false
    const cut = await this.#overtaken(batch)
    if (cut === undefined) return true
    await sink(cut)
    return false
  }

  #read(): BatchSource {
    return this.#log.read(this.#id, this.#reader.after, this.#reader.signal)
  }

  #encode(batch: Batch): Frames {
    return encode(batch, this.#id, this.#reader)
  }

  #isTimeToLook(): boolean {
    return ++this.#count % LOOK_EVERY === 0
  }

  /** What to tell a reader that is too far behind. */
  async #overtaken(batch: Batch): Promise<Frames | undefined> {
    const lag = await lagBehind(this.#log, this.#id, batch)
    return lag > this.#reader.maxLag ? tooSlow(lag) : undefined
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

function encode(batch: Batch, id: string, { compactTo, named = false }: Reader): Frames {
  const { entries } = batch
  const last = entries.at(-1)
  const isLast = last !== undefined && (last.kind === 'done' || last.kind === 'error')
  const isReplay = (entries[0]?.offset ?? compactTo) < compactTo
  if (isReplay) return { text: join(merge(entries), id, named), isLast }
  // Readers share what most of them are given.
  if (named) return { text: join(entries, id, named), isLast }
  return (batch.frames ??= { ...unnamed(entries, id), isLast })
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

function join(entries: readonly Entry[], id: string, named: boolean): string {
  if (!named) return unnamed(entries, id).text
  const prefix = `${id}:`
  let text = ''
  for (const { kind, offset, data, name } of entries) {
    text += kind === 'event' ? encodeEvent({ data, name, id: prefix + offset }) : frame(prefix, offset, data)
  }
  return text
}

/** What is put around data is ASCII, so that the length in bytes follows from the data's. */
function unnamed(entries: readonly Entry[], id: string): { readonly text: string; readonly bytes: number } {
  const prefix = `${id}:`
  let text = ''
  let more = 0
  for (const { kind, offset, data } of entries) {
    if (kind === 'event') continue
    text += frame(prefix, offset, data)
    more += Buffer.byteLength(data) - data.length
  }
  return { text, bytes: text.length + more }
}

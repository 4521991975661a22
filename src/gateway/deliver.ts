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
  /** Whether it is given a provider's named events too. The OpenAI surface has none (PROTOCOL 3). */
  readonly named?: boolean | undefined
  readonly signal: AbortSignal
}

/**
 * The consumer: log entries after the reader's own position, as frames. Readers that are at the same
 * place share one encoding. Ends after the stream's terminal entry, or, for a reader that cannot keep
 * up, after an error event without an id.
 */
export function deliver(log: StreamLog, id: string, reader: Reader): AsyncIterableIterator<Frames, undefined> {
  return new Delivery(log, id, reader)
}

type Next = IteratorResult<Frames, undefined>

/** Written out as an iterator, not as a generator: a token costs two promises less, of which each lives until the next. */
class Delivery implements AsyncIterableIterator<Frames, undefined> {
  readonly #log: StreamLog
  readonly #id: string
  readonly #reader: Reader
  readonly #batches: AsyncIterator<Batch>
  #count = 0
  #isOver = false

  constructor(log: StreamLog, id: string, reader: Reader) {
    this.#log = log
    this.#id = id
    this.#reader = reader
    this.#batches = log.read(id, reader.after, reader.signal)[Symbol.asyncIterator]()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<Next> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return this.#batches.next().then(this.#encode)
  }

  async return(): Promise<Next> {
    this.#isOver = true
    await this.#batches.return?.()
    return { done: true, value: undefined }
  }

  readonly #encode = (next: IteratorResult<Batch>): Next | Promise<Next> => {
    if (next.done === true) return { done: true, value: undefined }
    if (++this.#count % LOOK_EVERY === 0) return this.#look(next.value)
    return { done: false, value: encode(next.value, this.#id, this.#reader) }
  }

  /** The next frames, unless the reader is too far behind for it to be any use. */
  async #look(batch: Batch): Promise<Next> {
    const lag = await lagBehind(this.#log, this.#id, batch)
    if (lag <= this.#reader.maxLag) return { done: false, value: encode(batch, this.#id, this.#reader) }
    await this.return()
    return { done: false, value: tooSlow(lag) }
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
  return (batch.frames ??= { text: join(entries, id, named), isLast })
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
  const prefix = `${id}:`
  let text = ''
  for (const { kind, offset, data, name } of entries) {
    if (kind !== 'event') text += frame(prefix, offset, data)
    else if (named) text += encodeEvent({ data, name, id: prefix + offset })
  }
  return text
}

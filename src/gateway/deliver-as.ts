import type { CancelSignal } from '../cancel.ts'
import { parseEvent } from '../completion/parse.ts'
import { isObject, parseJson, said } from '../completion/json.ts'
import type { AnswerItem, DialectWriter } from '../dialect/writer.ts'
import type { Entry, Frames, StreamLog } from '../log/stream-log.ts'

/** Who reads in another wire's words, and from where. */
export interface DialectReader {
  /** The last offset this reader has; -1 for none. */
  readonly after: number
  /** Whether frames carry the ids by which a reader resumes. */
  readonly ids: boolean
  /**
   * Frames before the first one. One of an id alone is no event to an `EventSource`, but it remembers the
   * id: a connection that breaks before the first token comes back to its stream, too.
   */
  readonly opening?: string | undefined
  readonly signal: CancelSignal
}

/**
 * The consumer for readers of another wire than OpenAI's: log entries after the reader's own position, as a
 * dialect writes them. Ends after the stream's terminal entry.
 */
export async function* deliverAs(
  log: StreamLog,
  id: string,
  reader: DialectReader,
  writer: DialectWriter,
): AsyncGenerator<Frames, void> {
  const opening = (reader.opening ?? '') + (reader.after === -1 ? writer.open() : '')
  if (opening !== '') yield { text: opening }
  for await (const { entries } of log.read(id, reader.after, reader.signal)) {
    let text = ''
    for (const entry of entries) {
      const written = write(entry, writer)
      if (written !== '') text += reader.ids ? `id: ${id}:${entry.offset}\n${written}` : written
    }
    if (text !== '') yield { text }
  }
}

function write(entry: Entry, writer: DialectWriter): string {
  switch (entry.kind) {
    case 'chunk':
    case 'usage':
    case 'event': {
      const item = itemOf(entry)
      return item === undefined ? '' : writer.write(item)
    }
    case 'done':
      return writer.close()
    case 'error':
      return writer.fail(errorOf(entry.data))
    default:
      return entry.kind satisfies never
  }
}

function itemOf({ kind, name, data }: Entry): AnswerItem | undefined {
  if (kind === 'event') return { type: 'event', name: name ?? '', data }
  const parsed = parseEvent({ type: 'event', name: '', data, id: undefined })
  if (parsed.type !== 'chunk') return undefined
  return name === undefined ? parsed : { ...parsed, name }
}

/** The envelope that the relay put into the log. */
function errorOf(data: string): Parameters<DialectWriter['fail']>[0] {
  const envelope = parseJson(data)
  const error = isObject(envelope) && isObject(envelope['error']) ? envelope['error'] : {}
  return {
    message: said(error['message']) ?? 'The stream failed',
    type: said(error['type']) ?? 'server_error',
    code: said(error['code']) ?? null,
    param: said(error['param']) ?? null,
  }
}

import { SluiceError } from '../errors.ts'

/** A place in a stream: the offset a reader has, -1 for none of it, or `now`: only what is still to come. */
export type Cursor = number | 'now'

const STREAM_ID = /^st_[A-Za-z0-9_-]{22,64}$/

/** Whether a text can be a stream id at all. */
export function isStreamId(text: string): boolean {
  return STREAM_ID.test(text)
}

/**
 * A cursor as a reader gives it back: `<stream id>:<offset>`, `-1` or `now` (PROTOCOL 5). Throws
 * `cursor_invalid` for anything else, and for a cursor of another stream.
 */
export function parseCursor(text: string, streamId: string): Cursor {
  if (text === 'now') return 'now'
  if (text === '-1' || text === `${streamId}:-1`) return -1
  const colon = text.lastIndexOf(':')
  const offset = text.slice(colon + 1)
  if (colon === -1 || text.slice(0, colon) !== streamId || !/^\d{1,15}$/.test(offset)) {
    throw new SluiceError(
      'cursor_invalid',
      'The cursor must be the id of an event of this stream (<stream id>:<offset>), -1 or now',
      { param: 'Last-Event-ID' },
    )
  }
  return Number(offset)
}

/** The stream that a cursor belongs to. Throws `cursor_invalid` when it names none. */
export function streamOfCursor(text: string): string {
  const id = text.slice(0, text.lastIndexOf(':'))
  if (!isStreamId(id)) {
    throw new SluiceError('cursor_invalid', 'Last-Event-ID must be <stream id>:<offset>', { param: 'Last-Event-ID' })
  }
  return id
}

/** The cursor of an entry, as it goes out in `id:`. */
export function formatCursor(streamId: string, offset: number): string {
  return `${streamId}:${offset}`
}

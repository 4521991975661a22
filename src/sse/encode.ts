import { SluiceError } from '../sluice-error.ts'

/** One event to be sent. */
export interface OutgoingEvent {
  /** Any text. CRLF, CR and LF separate `data:` lines, which a reader joins with LF again. */
  readonly data: string
  /** The `event:` field; none when empty. Never set on the OpenAI surface (PROTOCOL 3). */
  readonly name?: string | undefined
  /** The `id:` field; an empty one resets the reader's Last-Event-ID. */
  readonly id?: string | undefined
  /** Reconnection time in milliseconds, a whole number. */
  readonly retry?: number | undefined
}

/**
 * The sign of life on a silent stream: a comment line with ONE newline. With a blank line behind it,
 * OpenAI's Python client dispatches an empty event and fails on it (PROTOCOL 3).
 */
export const HEARTBEAT: string = ': hb\n'

/**
 * One event as text. Whatever the fields hold, a reader sees one event with these fields.
 *
 * @throws SluiceError `invalid_value` for an id or name with CR, LF or NUL (the first two could begin
 * another field, NUL makes readers ignore an id), and for a retry that is no whole number from 0.
 *
 * @example
 * encodeEvent({ id: 'st_1:0', data: 'two\nlines' }) // 'id: st_1:0\ndata: two\ndata: lines\n\n'
 */
export function encodeEvent(event: OutgoingEvent): string {
  const { data, name, id, retry } = event
  let text = ''
  if (name !== undefined && name !== '') text += `event: ${oneLine(name, 'name')}\n`
  if (id !== undefined) text += `id: ${oneLine(id, 'id')}\n`
  if (retry !== undefined) text += `retry: ${wholeNumber(retry)}\n`
  return `${text}${dataLines(data)}\n`
}

/**
 * A comment: one `: ` line for each line of the text, and no blank line behind them (see `HEARTBEAT`).
 *
 * @example
 * encodeComment('waiting') // ': waiting\n'
 */
export function encodeComment(text: string): string {
  return `: ${text.replace(/\r\n|\r|\n/g, '\n: ')}\n`
}

/**
 * The frame of one log entry: id `<idPrefix><offset>`, then the data. This is what a token costs on
 * its way out, so that data which is one line already (JSON always is) is only looked at.
 *
 * @throws SluiceError `invalid_value` for a prefix with CR, LF or NUL.
 *
 * @example
 * frame('st_1:', 41, '{"choices":[]}') // 'id: st_1:41\ndata: {"choices":[]}\n\n'
 */
export function frame(idPrefix: string, offset: number, data: string): string {
  if (idPrefix !== checkedPrefix) checkedPrefix = oneLine(idPrefix, 'id')
  if (data.includes('\n') || data.includes('\r')) return `id: ${idPrefix}${offset}\n${dataLines(data)}\n`
  return `id: ${idPrefix}${offset}\ndata: ${data}\n\n`
}

/** The prefix `frame` found good last: a batch of frames has one. */
let checkedPrefix = ''

function dataLines(data: string): string {
  return `data: ${data.replace(/\r\n|\r|\n/g, '\ndata: ')}\n`
}

function oneLine(value: string, field: 'id' | 'name'): string {
  if (!/[\r\n\0]/.test(value)) return value
  throw new SluiceError('invalid_value', `The ${field} of an event must not contain CR, LF or NUL`, { param: field })
}

function wholeNumber(ms: number): number {
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  throw new SluiceError('invalid_value', 'The retry of an event must be a whole number of milliseconds', {
    param: 'retry',
  })
}

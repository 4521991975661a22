import { encodeEvent } from '../sse/encode.ts'
import { EVENT_STREAM, textIn, type DialectWriter } from './writer.ts'

/**
 * Plain text as server-sent events: each piece is an event's data (a line feed in it makes one more `data:`
 * line), then `[DONE]`. A failure is an event of its own, `error`, so that no reader takes it for text.
 */
export function textWriter(): DialectWriter {
  return {
    headers: EVENT_STREAM,
    open: () => '',
    write(item) {
      const data = textIn(item)
      if (data === '') return ''
      // A piece that says what the end says is cut in two: a reader joins them, and does not stop there.
      return data === '[DONE]' ? encodeEvent({ data: '[DONE' }) + encodeEvent({ data: ']' }) : encodeEvent({ data })
    },
    close: () => encodeEvent({ data: '[DONE]' }),
    fail: ({ message }) => encodeEvent({ name: 'error', data: message }),
  }
}

import { encodeEvent } from '../sse/encode.ts'
import { EVENT_STREAM, textIn, type DialectWriter } from './writer.ts'

/**
 * The relay for `EventSource` that Evolution's documentation shows: `{"content":…,"done":false}` for each
 * piece of text, `{"done":true}` at the end, `{"error":…,"done":true}` for a failure.
 */
export function relayWriter(): DialectWriter {
  return {
    headers: EVENT_STREAM,
    open: () => '',
    write(item) {
      const content = textIn(item)
      return content === '' ? '' : line({ content, done: false })
    },
    close: () => line({ done: true }),
    fail: ({ message }) => line({ error: message, done: true }),
  }
}

function line(data: Readonly<Record<string, unknown>>): string {
  return encodeEvent({ data: JSON.stringify(data) })
}

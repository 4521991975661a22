import { encodeEvent } from '../sse/encode.ts'
import { EVENT_STREAM, type DialectWriter } from './writer.ts'

/**
 * OpenAI's own wire: each chunk verbatim, then `[DONE]`; a failure as the error envelope (PROTOCOL 3 and 4).
 * Named events have no place on it and are left out.
 */
export function openaiWriter(): DialectWriter {
  return {
    headers: EVENT_STREAM,
    open: () => '',
    write: (item) => (item.type === 'chunk' ? encodeEvent({ data: item.data }) : ''),
    close: () => encodeEvent({ data: '[DONE]' }),
    fail: (error) => encodeEvent({ data: JSON.stringify({ error }) }),
  }
}

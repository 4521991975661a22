import { isObject } from '../completion/json.ts'
import type { AnswerError } from './message.ts'

const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'APIConnectionError',
  'APIConnectionTimeoutError',
  'StreamInterruptedError',
  'StreamTruncatedError',
])

/** What a client threw, as a conversation keeps it. Names and codes are read, never messages. */
export function answerErrorOf(thrown: unknown): AnswerError {
  const name = thrown instanceof Error ? thrown.name : 'unknown'
  const code: unknown = isObject(thrown) ? thrown['code'] : undefined
  return {
    message: thrown instanceof Error ? thrown.message : String(thrown),
    code: typeof code === 'string' && code !== '' ? code : name,
    resumable: OF_THE_CONNECTION.has(name),
  }
}

/** Whether the answer was ended by somebody's wish: here, in another tab, by an operator. */
export function isCancelled({ code }: AnswerError): boolean {
  return code === 'cancelled' || code === 'APIUserAbortError' || code === 'AbortError'
}

import type { ErrorEnvelope } from '../errors.ts'
import type { ParsedChunk, ParsedOther } from '../completion/parse.ts'

/** What an answer is made of on its way to a reader. */
export type AnswerItem = ParsedChunk | ParsedOther

/** Writes one answer in one wire's words. A writer serves one answer; each method gives text for the body. */
export interface DialectWriter {
  /** Fields for the head of the response. */
  readonly headers: Readonly<Record<string, string>>
  /** What stands before the answer. */
  open(): string
  /** An item; '' when this wire has no words for it. */
  write(item: AnswerItem): string
  /** The answer is complete. */
  close(): string
  /** The answer failed; nothing is written after it. */
  fail(error: ErrorEnvelope['error']): string
}

/** Fields of every event stream: no cache and no proxy may hold it back (PROTOCOL 2). */
export const EVENT_STREAM: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
}

/** The text that an item adds to the first choice. */
export function textIn(item: AnswerItem): string {
  if (item.type !== 'chunk') return ''
  for (const { index, delta } of item.chunk.choices) if (index === 0) return delta.content ?? ''
  return ''
}

import { readFileSync } from 'node:fs'
import { SseDecoder, type SseDecoderOptions } from '../../src/sse/decode.ts'
import type { SseEvent, SseItem } from '../../src/sse/event.ts'

/** All items of some reads, the end included. */
export function decodeAll(reads: Iterable<Uint8Array>, options?: SseDecoderOptions): SseItem[] {
  const decoder = new SseDecoder(options)
  const items: SseItem[] = []
  for (const bytes of reads) items.push(...decoder.push(bytes))
  items.push(...decoder.end())
  return items
}

/** The events among items. */
export function eventsOf(items: readonly SseItem[]): SseEvent[] {
  return items.filter((item) => item.type === 'event')
}

/** An event as a browser's EventSource dispatches it. */
export interface Dispatched {
  readonly type: string
  readonly data: string
  readonly id: string
}

/**
 * What a browser would dispatch: the last id stays for later events, `message` stands for no name, and
 * an unterminated event is dropped.
 */
export function asBrowser(items: readonly SseItem[]): Dispatched[] {
  let lastId = ''
  const dispatched: Dispatched[] = []
  for (const event of eventsOf(items)) {
    if (event.unterminated) continue
    lastId = event.id ?? lastId
    dispatched.push({ type: event.name === '' ? 'message' : event.name, data: event.data, id: lastId })
  }
  return dispatched
}

/** The text of a file of test/fixtures; the README there says what it holds. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')
}

/** Text as bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

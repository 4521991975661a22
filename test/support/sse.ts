import { SseDecoder } from '../../src/sse/decode.ts'
import type { SseEvent } from '../../src/sse/event.ts'

/** The events of an SSE text. */
export function eventsOf(text: string): readonly SseEvent[] {
  const decoder = new SseDecoder()
  const items = [...decoder.push(new TextEncoder().encode(text)), ...decoder.end()]
  return items.filter((item) => item.type === 'event')
}

/** The offsets that the events' ids name, in order. */
export function offsetsOf(events: readonly SseEvent[]): readonly number[] {
  return events.map(({ id }) => Number(id?.slice(id.lastIndexOf(':') + 1)))
}

/** The text that the events' chunks add up to. */
export function textOf(events: readonly SseEvent[]): string {
  let text = ''
  for (const { data } of events) {
    if (data === '[DONE]') continue
    const chunk: { choices?: { delta?: { content?: string | null } }[] } = JSON.parse(data)
    text += chunk.choices?.[0]?.delta?.content ?? ''
  }
  return text
}

/** Reads `count` events of a streamed response, then leaves. */
export async function readEvents(response: Response, count: number): Promise<readonly SseEvent[]> {
  const decoder = new SseDecoder()
  const events: SseEvent[] = []
  if (response.body === null) return events
  for await (const bytes of response.body) {
    for (const item of decoder.push(bytes)) if (item.type === 'event' && events.length < count) events.push(item)
    if (events.length >= count) break
  }
  return events
}

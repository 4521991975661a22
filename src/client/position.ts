import type { SseEvent } from '../sse/event.ts'

/** Which stream of a gateway this is, and how far it was read (PROTOCOL 5). */
export class Position {
  /** The stream's id; `undefined` where the server gave none. */
  readonly id: string | undefined
  /** Where the server keeps the stream; `undefined` when it cannot be taken up again. */
  readonly url: string | undefined
  #offset = -1
  #cursor = '-1'

  constructor(head: Response) {
    this.id = head.headers.get('x-stream-id') ?? undefined
    this.url = this.id === undefined ? undefined : resumeUrl(head)
  }

  /** The last event's id, which the server takes to send what follows; `-1` before the first. */
  get cursor(): string {
    return this.#cursor
  }

  /** The events that were not seen before: a server may send some again. */
  fresh(events: readonly SseEvent[]): readonly SseEvent[] {
    if (this.id === undefined) return events
    const prefix = `${this.id}:`
    return events.filter(({ id }) => {
      const offset = id?.startsWith(prefix) ? Number(id.slice(prefix.length)) : Number.NaN
      if (offset <= this.#offset) return false
      if (offset >= 0) this.#offset = offset
      this.#cursor = id ?? this.#cursor
      return true
    })
  }
}

/** Where the server keeps the stream: its `Link: <…>; rel="resume"`. */
function resumeUrl(response: Response): string | undefined {
  const link = /<([^>]*)>\s*;\s*rel="?resume"?/.exec(response.headers.get('link') ?? '')?.[1]
  if (link === undefined) return undefined
  const url = new URL(link, response.url || undefined)
  // A key goes to the server that it was given for, and nowhere else.
  return response.url === '' || url.origin === new URL(response.url).origin ? url.href : undefined
}

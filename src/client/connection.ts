import type { Clock } from '../clock.ts'
import { SseDecoder } from '../sse/decode.ts'
import type { SseEvent, SseItem } from '../sse/event.ts'
import { decodeUtf8 } from '../sse/utf8.ts'
import { OpenAIError } from './errors.ts'
import type { Reply } from './transport.ts'

/** How long the rest of a body is read after its terminal, so that the socket can serve the next request. */
const DRAIN_MS = 250
/** A body that is no event stream is held whole; this much of it at most. */
const MAX_BODY_BYTES = 8 * 1024 * 1024

/** One answer's body, as the events in it. */
export class Connection {
  readonly response: Response
  readonly #reply: Reply
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #decoder = new SseDecoder()
  /** What kind of body it is shows with its first byte: some services answer with JSON where a stream was asked for. */
  #kind: 'unknown' | 'events' | 'whole' = 'unknown'
  #whole: Uint8Array[] = []
  #closed = false

  /** @throws OpenAIError when the runtime gives no body to read (React Native's own fetch). */
  constructor(reply: Reply) {
    const { body } = reply.response
    if (body === null) {
      reply.abort()
      reply.release()
      throw new OpenAIError(
        'Attempted to iterate over a response with no body. In React Native, pass `fetch` from expo/fetch.',
      )
    }
    this.response = reply.response
    this.#reply = reply
    this.#reader = body.getReader()
  }

  /** The next bytes. Rejects when the connection breaks. */
  pull(): ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']> {
    return this.#reader.read()
  }

  /** The events that the bytes complete, perhaps none (a heartbeat). */
  take(bytes: Uint8Array): readonly SseEvent[] | undefined {
    // Closed meanwhile: what was begun is not to be finished.
    if (this.#closed) return undefined
    if (this.#kind === 'unknown') this.#kind = kindOf(bytes)
    if (this.#kind === 'events') return onlyEvents(this.#decoder.push(bytes))
    this.#keep(bytes)
    return []
  }

  /** The bytes have ended: the events that they lacked an end for; `undefined` when there is none. */
  async end(): Promise<readonly SseEvent[] | undefined> {
    if (this.#closed) return undefined
    this.#closed = true
    this.#reply.release()
    if (this.#kind === 'whole') return (await import('./whole-body.ts')).eventsOfBody(joined(this.#whole))
    const rest = onlyEvents(this.#decoder.end()).filter(isUsable)
    return rest.length > 0 ? rest : undefined
  }

  /** Stops reading and ends the exchange. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#reply.release()
    this.#reply.abort()
    // The abort is what ends it; the reader only has to hear of it.
    this.#reader.cancel().catch(() => undefined)
  }

  /** The terminal was read: reads to the end of the body if that is near, else closes. */
  drain(clock: Clock): void {
    if (this.#closed) return
    const stop = clock.after(DRAIN_MS, () => this.close())
    const toEnd = async (): Promise<void> => {
      while (!(await this.#reader.read()).done);
      this.#closed = true
      this.#reply.release()
    }
    toEnd()
      .catch(() => this.close())
      .finally(stop)
  }

  #keep(bytes: Uint8Array): void {
    this.#whole.push(bytes)
    const size = this.#whole.reduce((sum, { length }) => sum + length, 0)
    if (size > MAX_BODY_BYTES) throw new OpenAIError('The answer is no event stream, and too large to be held.')
  }
}

/** Skips white space (DeepSeek sends blank lines before JSON) and a BOM. */
function kindOf(bytes: Uint8Array): 'unknown' | 'events' | 'whole' {
  for (const byte of bytes) {
    if (byte <= 32 || byte === 0xef || byte === 0xbb || byte === 0xbf) continue
    return byte === 0x7b || byte === 0x5b || byte === 0x3c ? 'whole' : 'events'
  }
  return 'unknown'
}

function onlyEvents(items: readonly SseItem[]): readonly SseEvent[] {
  return areEvents(items) ? items : items.filter((item) => item.type === 'event')
}

/** Mostly they are, and a copy would cost each read as much as a small parse. */
function areEvents(items: readonly SseItem[]): items is readonly SseEvent[] {
  for (const item of items) if (item.type !== 'event') return false
  return true
}

/** An event whose blank line never came counts if it is whole: some servers end like that (llama.cpp). */
function isUsable({ data, error, unterminated }: SseEvent): boolean {
  if (unterminated === undefined || error !== undefined || data.startsWith('[DONE]')) return true
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

function joined(parts: readonly Uint8Array[]): string {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return decodeUtf8(bytes, 0, bytes.length)
}

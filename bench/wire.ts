/**
 * The bytes of the benchmark's streams: what the provider writes and the client must find again.
 *
 * Every content delta is the moment of its writing, 12 digits of microseconds on the clock of the one
 * process that is both provider and client. So each token carries its own latency, no two are alike,
 * and a text's hash shows a token lost, repeated or out of order.
 */

/** FNV-1a's start; folded byte by byte with `foldHash`. */
export const HASH_SEED: number = 0x811c9dc5 | 0

/** One byte more of the text. */
export function foldHash(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}

/** What precedes a delta's text in a chunk, here as in OpenAI's own. */
export const CONTENT_MARKER: Buffer = Buffer.from('"content":"')

const DIGITS = 12
const STAMP_FLOOR = 10 ** DIGITS

/** Now, as a delta's text. */
export function stamp(): string {
  // One digit more and its removal is cheaper than padStart.
  return String(STAMP_FLOOR + Math.floor(performance.now() * 1000)).slice(1)
}

const IDENTITY =
  '"id":"chatcmpl-BenchmarkStream0001","object":"chat.completion.chunk","created":1760000000,' +
  '"model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_560af6e559"'

function event(data: string): string {
  return `data: ${data}\n\n`
}

function httpChunk(payload: string): string {
  return `${payload.length.toString(16)}\r\n${payload}\r\n`
}

function choice(delta: string, finish: string): string {
  return `{${IDENTITY},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}]}`
}

const TOKEN_FRAME = httpChunk(event(choice(`{"content":"${'0'.repeat(DIGITS)}"}`, 'null')))
const TEXT_AT = TOKEN_FRAME.indexOf(CONTENT_MARKER.toString()) + CONTENT_MARKER.length
const BEFORE_TEXT = TOKEN_FRAME.slice(0, TEXT_AT)
const AFTER_TEXT = TOKEN_FRAME.slice(TEXT_AT + DIGITS)

/** A content delta as one HTTP chunk: 298 bytes, of which 287 are the SSE event. */
export function tokenFrame(text: string): string {
  return BEFORE_TEXT + text + AFTER_TEXT
}

/** Response head and role chunk. */
export const OPENING: string =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n' +
  'Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n' +
  httpChunk(event(choice('{"role":"assistant","content":"","refusal":null}', 'null')))

const COUNTS = '{"prompt_tokens":40,"completion_tokens":10,"total_tokens":50}'
const USAGE = `{${IDENTITY},"choices":[],"usage":${COUNTS}}`

/** The end that is said: finish_reason, usage where it was asked for, `[DONE]`, the last HTTP chunk. */
export function closing(withUsage: boolean): string {
  const events = [choice('{}', '"stop"'), ...(withUsage ? [USAGE] : []), '[DONE]']
  return events.map((data) => httpChunk(event(data))).join('') + '0\r\n\r\n'
}

/** What a client asks the provider for; it travels in the prompt, the one thing no gateway touches. */
export interface StreamPlan {
  /** Names the stream in the provider's record of what it sent. */
  readonly key: number
  /** How many tokens; 0: until `Provider.finish()`. */
  readonly tokens: number
  /** Milliseconds between tokens; 0: all at once. */
  readonly interval: number
}

const SYSTEM = 'You are a helpful assistant. Answer in the language of the question, briefly and to the point. '.repeat(
  3,
)

/** A whole POST /v1/chat/completions on a kept connection. */
export function requestText(plan: StreamPlan, port: number, key = 'bench'): string {
  const body = JSON.stringify({
    model: 'gpt-4o-mini',
    stream: true,
    temperature: 0.7,
    messages: [
      { role: 'system', content: SYSTEM },
      { role: 'user', content: `bench key=${plan.key} tokens=${plan.tokens} interval=${plan.interval}` },
    ],
  })
  return (
    `POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n` +
    `Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}

const PLAN = /bench key=(\d+) tokens=(\d+) interval=(\d+)/

/** The plan in a request's text, if there is one. */
export function readPlan(request: string): StreamPlan | undefined {
  const found = PLAN.exec(request)
  return found === null ? undefined : { key: Number(found[1]), tokens: Number(found[2]), interval: Number(found[3]) }
}

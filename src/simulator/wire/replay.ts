import type { Headers, Op } from './op.ts'

const LF = 0x0a
const CR = 0x0d

/** A recorded stream as steps: every event one `token`, every byte as it was recorded. */
export function* replayScript(bytes: Uint8Array, headers: Headers = {}): Generator<Op> {
  yield {
    kind: 'head',
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers },
    framing: 'chunked',
  }
  for (const data of events(bytes)) yield { kind: 'send', part: 'token', data }
}

/** The bytes up to and including each blank line, and what is left after the last. */
export function* events(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0
  let lineStart = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== LF && byte !== CR) continue
    const crlf = byte === CR && bytes[at + 1] === LF
    const empty = at === lineStart
    if (crlf) at++
    lineStart = at + 1
    if (!empty) continue
    yield bytes.subarray(start, at + 1)
    start = at + 1
  }
  if (start < bytes.length) yield bytes.subarray(start)
}

import { CONTENT_MARKER, HASH_SEED, foldHash } from './wire.ts'

const LF = 10
const SPACE = 32
const QUOTE = 34
const ZERO = 48
const BRACKET = 91
const LETTER_D = 100

const ERROR_MARKER = Buffer.from('"error"')
const FINISH_MARKER = Buffer.from('"finish_reason":"')

/** Told of every token, at the moment its bytes were read. */
export interface TokenSink {
  /** @param latency milliseconds between the provider's write and our read. */
  token(latency: number): void
}

/**
 * Server-sent events to what the benchmark needs of them: the count and hash of the contents, and how
 * the stream ended. No JSON and no strings: at 100,000 tokens a second the reader must not be what is
 * measured. It relies on a target passing each chunk's JSON through unchanged, and on nothing else;
 * ids, comments and any splitting of the bytes are fine.
 */
export class FrameScanner {
  readonly #sink: TokenSink
  #carry: Buffer | undefined
  #contentAt = 0

  tokens = 0
  hash: number = HASH_SEED
  finished = false
  done = false
  /** An error event, or anything that counts after the end was said. */
  broken = false

  constructor(sink: TokenSink) {
    this.#sink = sink
  }

  reset(): void {
    this.#carry = undefined
    this.tokens = 0
    this.hash = HASH_SEED
    this.finished = false
    this.done = false
    this.broken = false
  }

  /** @param now `performance.now()` at which these bytes were read. */
  feed(bytes: Buffer, start: number, end: number, now: number): void {
    let from = start
    if (this.#carry !== undefined) {
      const feed = bytes.indexOf(LF, from)
      const stop = feed < 0 || feed >= end ? end : feed
      this.#carry = Buffer.concat([this.#carry, bytes.subarray(from, stop)])
      if (stop === end) return
      this.#line(this.#carry, 0, this.#carry.length, now)
      this.#carry = undefined
      from = stop + 1
    }
    while (from < end) {
      // The buffer is shared and longer than this read: a line feed found beyond `end` is an old one.
      const feed = bytes.indexOf(LF, from)
      if (feed < 0 || feed >= end) break
      this.#line(bytes, from, feed, now)
      from = feed + 1
    }
    if (from < end) this.#carry = Buffer.from(bytes.subarray(from, end))
  }

  #line(bytes: Buffer, from: number, to: number, now: number): void {
    if (bytes[from] !== LETTER_D) return
    const data = bytes[from + 5] === SPACE ? from + 6 : from + 5
    if (this.done) {
      this.broken = true
      return
    }
    if (bytes[data] === BRACKET) {
      this.done = true
      return
    }
    const text = this.#contentStart(bytes, data, to)
    if (text >= 0) this.#content(bytes, text, to, now)
    else if (holds(bytes, FINISH_MARKER, data, to)) this.finished = true
    else if (holds(bytes, ERROR_MARKER, data, to)) this.broken = true
  }

  #contentStart(bytes: Buffer, data: number, to: number): number {
    // Chunks of one stream are alike: where the text began last time it begins again.
    const guess = data + this.#contentAt
    if (this.#contentAt > 0 && guess <= to && endsWithMarker(bytes, guess)) return guess
    const found = bytes.indexOf(CONTENT_MARKER, data)
    if (found < 0 || found >= to) return -1
    this.#contentAt = found + CONTENT_MARKER.length - data
    return found + CONTENT_MARKER.length
  }

  #content(bytes: Buffer, from: number, to: number, now: number): void {
    let hash = this.hash
    let micros = 0
    let at = from
    for (; at < to; at++) {
      const byte = bytes[at] ?? QUOTE
      if (byte === QUOTE) break
      hash = foldHash(hash, byte)
      micros = micros * 10 + byte - ZERO
    }
    if (at === from) return
    this.hash = hash
    this.tokens++
    if (this.finished) this.broken = true
    this.#sink.token(now - micros / 1000)
  }
}

function endsWithMarker(bytes: Buffer, end: number): boolean {
  const start = end - CONTENT_MARKER.length
  for (let i = 0; i < CONTENT_MARKER.length; i++) if (bytes[start + i] !== CONTENT_MARKER[i]) return false
  return true
}

function holds(bytes: Buffer, marker: Buffer, from: number, to: number): boolean {
  const found = bytes.indexOf(marker, from)
  return found >= 0 && found < to
}

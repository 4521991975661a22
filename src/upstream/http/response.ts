import type { Buffer } from 'node:buffer'
import { HeadLines, malformed, type Head } from './head.ts'

/** Takes one response. */
export interface ResponseSink {
  /** The final head; the interim ones (1xx) are passed over. */
  head(head: Head): void
  /** All that one read brought of the body. The bytes are another read's after the call. */
  body(bytes: Uint8Array): void
}

const CR = 13
const LF = 10

/** Bytes of a head, or of the trailer fields. */
const MAX_HEAD = 32 * 1024
/** Characters of a chunk's size with its extensions. */
const MAX_SIZE_LINE = 16 * 1024
const SIZE_LINE = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i
/** More hexadecimal digits than these are left to `SIZE_LINE`. */
const FAST_DIGITS = 7

type Stage = 'head' | 'data' | 'dataEnd' | 'size' | 'trailer' | 'done'

/**
 * Reads one HTTP/1.1 response (RFC 9112), however its bytes are cut. What a read has of the body is moved
 * together in place and given at once: a token is one call, and ten tokens that arrived together are one too.
 */
export class ResponseReader {
  readonly #sink: ResponseSink
  #stage: Stage = 'head'
  #lines: HeadLines | undefined = new HeadLines()
  #isChunked = false
  /** The body lasts until the server closes. */
  #isOpenEnded = false
  #keptMs = 0
  /** Of the body or the chunk. */
  #left = 0
  /** The beginning of a line whose end has not arrived. */
  #line = ''
  /** Of the head, or of the trailer fields, so far. */
  #lineBytes = 0

  constructor(sink: ResponseSink) {
    this.#sink = sink
  }

  /** Whether all of the response was read. */
  get isDone(): boolean {
    return this.#stage === 'done'
  }

  /** For how long the connection may be used again afterwards, in milliseconds; 0: not at all. */
  get keptMs(): number {
    return this.#keptMs
  }

  /**
   * Takes `buffer[0, length)`, and moves bytes about in it. Returns how many were this response's.
   * Throws `upstream_malformed`; what was read of the body before that was given.
   */
  read(buffer: Buffer, length: number): number {
    let at = 0
    let from = 0
    let to = 0
    try {
      while (at < length && this.#stage !== 'done') {
        if (this.#stage !== 'data') {
          at = this.#readFrame(buffer, at, length)
          continue
        }
        const count = Math.min(this.#left, length - at)
        if (to === 0) from = to = at
        else if (to !== at) buffer.copyWithin(to, at, at + count)
        to += count
        at += count
        this.#left -= count
        if (this.#left === 0) this.#stage = this.#isChunked ? 'dataEnd' : 'done'
      }
    } finally {
      // No Buffer, whose `slice` is a view: the sink's copy would be the next read's bytes.
      if (to > from) this.#sink.body(new Uint8Array(buffer.buffer, buffer.byteOffset + from, to - from))
    }
    return at
  }

  /** The rest is not wanted: the sink hears no more, also of what was read already. */
  stop(): void {
    this.#stage = 'done'
  }

  /** The server has closed the connection. Returns whether that, or an end before it, completes the response. */
  close(): boolean {
    if (this.#stage === 'data' && this.#isOpenEnded) this.#stage = 'done'
    return this.#stage === 'done'
  }

  /** What is between the data. Returns how far it was read. */
  #readFrame(buffer: Buffer, at: number, length: number): number {
    if (this.#stage === 'dataEnd') return this.#readDataEnd(buffer, at, length)
    if (this.#stage === 'size' && this.#line === '') {
      const next = this.#readSize(buffer, at, length)
      if (next > at) return next
    }
    return this.#readLine(buffer, at, length)
  }

  /** The line end behind a chunk's data. */
  #readDataEnd(buffer: Buffer, at: number, length: number): number {
    const lf = buffer[at] === CR && this.#line === '' ? at + 1 : at
    if (lf === length) {
      this.#line = '\r'
      return length
    }
    if (buffer[lf] !== LF) throw malformed('a chunk does not end where its size says')
    this.#line = ''
    this.#stage = 'size'
    return lf + 1
  }

  /** The size of a chunk, where it is whole and nothing but a size; else `at`. */
  #readSize(buffer: Buffer, at: number, length: number): number {
    let size = 0
    let i = at
    for (; i < length; i++) {
      const digit = digitOf(buffer[i] ?? 0)
      if (digit < 0) break
      size = size * 16 + digit
    }
    const isPlain = i > at && i - at <= FAST_DIGITS && i + 1 < length && buffer[i] === CR && buffer[i + 1] === LF
    if (!isPlain) return at
    this.#begin(size)
    return i + 2
  }

  #readLine(buffer: Buffer, at: number, length: number): number {
    const lf = buffer.indexOf(LF, at)
    const isWhole = lf !== -1 && lf < length
    const next = isWhole ? lf + 1 : length
    this.#line += buffer.toString('latin1', at, isWhole ? lf : length)
    this.#lineBytes += next - at
    const most = this.#stage === 'size' ? MAX_SIZE_LINE : MAX_HEAD
    if (this.#lineBytes > most) throw malformed(`a head or a chunk's frame of the response is over ${most} bytes`)
    if (isWhole) {
      const line = this.#line.endsWith('\r') ? this.#line.slice(0, -1) : this.#line
      this.#line = ''
      this.#takeLine(line)
    } else if (this.#stage === 'head') this.#lines?.foresee(this.#line)
    return next
  }

  #takeLine(line: string): void {
    switch (this.#stage) {
      case 'head':
        return this.#takeHead(this.#lines?.take(line))
      case 'size': {
        const size = SIZE_LINE.exec(line)?.[1]
        if (size === undefined) throw malformed('the size of a chunk is no hexadecimal number')
        return this.#begin(Number.parseInt(size, 16))
      }
      case 'trailer':
        if (line === '') this.#stage = 'done'
        return
      default:
    }
  }

  #takeHead(head: Head | undefined): void {
    if (head === undefined) return
    this.#lineBytes = 0
    this.#lines = head.status < 200 ? new HeadLines() : undefined
    if (head.status < 200) return
    this.#isChunked = head.framing === 'chunked'
    this.#isOpenEnded = head.framing === 'close'
    this.#keptMs = head.keptMs
    this.#left = head.framing === 'length' ? head.length : Infinity
    if (this.#isChunked) this.#stage = 'size'
    else this.#stage = head.framing === 'none' || this.#left === 0 ? 'done' : 'data'
    this.#sink.head(head)
  }

  #begin(size: number): void {
    this.#lineBytes = 0
    this.#left = size
    this.#stage = size === 0 ? 'trailer' : 'data'
  }
}

/** The value of a hexadecimal digit; -1 for any other byte. */
function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}

import { FrameScanner } from './frames.ts'
import type { TokenSink } from './frames.ts'

const LF = 10
const HEAD_LIMIT = 16_384

/** Where in the response the next byte belongs. */
type Phase = 'head' | 'size' | 'data' | 'gap' | 'trailer' | 'end'

/** An HTTP/1.1 response with chunked framing, which every target here answers; nothing else is accepted. */
export class ResponseScanner {
  readonly frames: FrameScanner
  #phase: Phase = 'head'
  #head = ''
  #left = 0
  /** Why the response cannot be what was asked for. */
  failure: string | undefined

  constructor(sink: TokenSink) {
    this.frames = new FrameScanner(sink)
  }

  /** The last HTTP chunk and its trailer were read. */
  get complete(): boolean {
    return this.#phase === 'end'
  }

  reset(): void {
    this.frames.reset()
    this.#phase = 'head'
    this.#head = ''
    this.#left = 0
    this.failure = undefined
  }

  /** Takes the first `length` bytes. */
  feed(bytes: Buffer, length: number, now: number): void {
    let at = this.#phase === 'head' ? this.#readHead(bytes, length) : 0
    while (at < length && this.failure === undefined) {
      switch (this.#phase) {
        case 'size':
          at = this.#readSize(bytes, at)
          break
        case 'data': {
          const end = Math.min(length, at + this.#left)
          this.frames.feed(bytes, at, end, now)
          this.#left -= end - at
          at = end
          if (this.#left === 0) this.#phase = 'gap'
          break
        }
        case 'gap':
          if (bytes[at++] === LF) this.#phase = 'size'
          break
        case 'trailer':
          if (bytes[at++] === LF) this.#phase = 'end'
          break
        default:
          this.failure = 'bytes after the end'
      }
    }
  }

  /** @returns where the body begins, or `length` if the head goes on. */
  #readHead(bytes: Buffer, length: number): number {
    const known = this.#head.length
    this.#head += bytes.toString('latin1', 0, length)
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) {
      if (this.#head.length > HEAD_LIMIT) this.failure = 'endless head'
      return length
    }
    const head = this.#head.slice(0, end)
    if (!head.startsWith('HTTP/1.1 200 ')) this.failure = `status ${head.slice(9, 12)}`
    else if (!/\r\ntransfer-encoding: *chunked/i.test(head)) this.failure = 'not chunked'
    this.#head = ''
    this.#phase = 'size'
    return end + 4 - known
  }

  #readSize(bytes: Buffer, at: number): number {
    const byte = bytes[at] ?? 0
    if (byte === LF) {
      this.#phase = this.#left === 0 ? 'trailer' : 'data'
    } else if (byte !== 13) {
      // 0-9, A-F and a-f: the low digit of the code, plus 9 for letters. Nobody here sends extensions.
      this.#left = this.#left * 16 + (byte & 15) + (byte > 57 ? 9 : 0)
    }
    return at + 1
  }
}

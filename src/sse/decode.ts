import { SluiceError } from '../sluice-error.ts'
import type { Stage } from '../pipe.ts'
import { Block, soleEvent } from './block.ts'
import { Carry } from './carry.ts'
import type { SseItem } from './event.ts'
import { endBefore, endOfBlocks, endOfLine, endOfLines, hasBareCr, isDataLine, valueStart } from './scan.ts'
import { decodeUtf8 } from './utf8.ts'

const LF = 10
const CR = 13
const BOM = 0xfeff

/** Up to so many bytes, to copy them costs less than another call of the UTF-8 decoder. */
const JOINED_BYTES = 4096
const NOTHING = new Uint8Array(0)
const DEFAULT_MAX_EVENT_BYTES = 8 * 1024 * 1024

/** How an `SseDecoder` reads. */
export interface SseDecoderOptions {
  /** Most bytes of one event, its unfinished line included; 8 MiB unless told. */
  readonly maxEventBytes?: number | undefined
  /**
   * Dispatch a block that has an `event:` line but no `data:` line, with empty data, as OpenAI's SDKs
   * do. WHATWG drops it, and so do we unless told.
   */
  readonly dispatchEmpty?: boolean | undefined
}

/**
 * Server-sent events from bytes, however these are cut. WHATWG HTML, section 9.2.6, with three
 * additions: comments are items (heartbeats), an `error:` line is kept (see `SseEvent.error`), and an
 * event that lacks its blank line at the end of the body is given by `end()`, flagged.
 *
 * What a read completes of whole blocks is decoded to text at once and then cut up as text, because a
 * call of the platform's UTF-8 decoder costs more than the bytes of a token; the rest of a read is taken
 * line by line. No line is decoded before it is complete, so a character may
 * be cut anywhere. Time and memory are linear in the bytes, also for reads of one byte.
 *
 * @example
 * const decoder = new SseDecoder()
 * for await (const bytes of body) show(decoder.push(bytes))
 * show(decoder.end())
 */
export class SseDecoder {
  readonly #maxEventBytes: number
  readonly #block: Block
  /** Bytes of the open block's lines that are kept. Comments are not: a stream of heartbeats has no end. */
  #blockBytes = 0
  /** The start of a line whose end has not arrived. */
  readonly #carry = new Carry()
  /** The last read ended in CR; an LF that comes first in the next one belongs to it. */
  #afterCr = false
  /** Nothing has been decoded yet: a BOM may come. */
  #atStart = true
  #failure: SluiceError | undefined = undefined

  constructor(options: SseDecoderOptions = {}) {
    this.#maxEventBytes = options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES
    this.#block = new Block(options.dispatchEmpty ?? false)
  }

  /**
   * The items that these bytes complete. The caller may use the bytes again afterwards.
   *
   * @throws SluiceError `upstream_too_large` when an event exceeds `maxEventBytes`. Items completed
   * before it are returned first; the error then comes with the next call.
   */
  push(bytes: Uint8Array): SseItem[] {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isWhole(bytes)) return this.#readWhole(bytes)
    const items: SseItem[] = []
    let position = 0
    if (this.#afterCr && bytes.length > 0) {
      this.#afterCr = false
      if (bytes[0] === LF) position = 1
    }
    const linesEnd = endOfLines(bytes, position)
    if (position < linesEnd) {
      // A small read is joined to what was carried; of a large one, only the line that it completes.
      if (this.#carry.length > 0 && linesEnd - position > JOINED_BYTES)
        position = this.#readLine(bytes, position, items)
      const blocksEnd = endOfBlocks(bytes, position, linesEnd, this.#carry.length === 0)
      const blocksBytes = this.#blockBytes + this.#carry.length + blocksEnd - position
      if (position < blocksEnd && blocksBytes <= this.#maxEventBytes) {
        this.#readBlocks(this.#takeText(bytes, position, blocksEnd), items)
        this.#blockBytes = 0
        position = blocksEnd
      }
      while (position < linesEnd) position = this.#readLine(bytes, position, items)
    }
    if (linesEnd < bytes.length) this.#carryOver(bytes, linesEnd)
    if (this.#failure !== undefined && items.length === 0) throw this.#failure
    return items
  }

  /**
   * The bytes have ended. Gives the event that was not closed by a blank line, if there is one, with
   * `unterminated: true`; its data may be cut. The decoder is then as new.
   *
   * @throws SluiceError `upstream_too_large` when the last `push` found that and had items to give.
   */
  end(): SseItem[] {
    if (this.#failure !== undefined) throw this.#failure
    const items: SseItem[] = []
    if (this.#carry.length > 0) {
      const line = this.#takeText(NOTHING, 0, 0)
      // Half a number would be a wrong number.
      if (!line.startsWith('retry')) this.#block.readLine(line, 0, line.length, items)
    }
    this.#block.dispatchUnterminated(items)
    this.#blockBytes = 0
    this.#afterCr = false
    this.#atStart = true
    return items
  }

  /** Whether nothing is left of earlier reads and this one ends with a blank line, as nearly all do. */
  #isWhole(bytes: Uint8Array): boolean {
    const before = bytes.length - (bytes[bytes.length - 2] === CR ? 3 : 2)
    return (
      bytes[bytes.length - 1] === LF &&
      bytes[before] === LF &&
      bytes.length <= this.#maxEventBytes &&
      this.#carry.length === 0 &&
      !this.#block.isOpen &&
      !this.#afterCr
    )
  }

  #readWhole(bytes: Uint8Array): SseItem[] {
    const text = this.#decode(bytes, 0, bytes.length)
    // One token, one read. The literal costs less than an array that grows by a push.
    const event = soleEvent(text)
    if (event !== undefined) return [event]
    const items: SseItem[] = []
    this.#readBlocks(text, items)
    return items
  }

  /** Lines up to a blank one, which LF closes and the decoded text ends with. */
  #readBlocks(decoded: string, items: SseItem[]): void {
    const text = hasBareCr(decoded) ? decoded.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : decoded
    const block = this.#block
    let position = 0
    while (position < text.length) {
      const lf = text.indexOf('\n', position)
      const lineEnd = endBefore(text, lf)
      const next = text.charCodeAt(lf + 1) === CR ? lf + 2 : lf + 1
      if (lineEnd === position) {
        block.dispatch(items)
      } else if (!block.isOpen && isDataLine(text, position) && text.charCodeAt(next) === LF) {
        // The event that nearly all events are: one data line and the blank one.
        const data = text.slice(valueStart(text, position + 5), lineEnd)
        items.push({ type: 'event', name: '', data, id: undefined })
        position = next + 1
        continue
      } else {
        block.readLine(text, position, lineEnd, items)
      }
      position = lf + 1
    }
  }

  /** The line that begins at `start`, or goes on there, and ends within the bytes. Returns where the next one begins. */
  #readLine(bytes: Uint8Array, start: number, items: SseItem[]): number {
    const lineEnd = endOfLine(bytes, start)
    const lineBytes = this.#carry.length + lineEnd - start
    if (this.#blockBytes + lineBytes > this.#maxEventBytes) this.#fail()
    if (this.#failure !== undefined) return bytes.length
    const line = this.#takeText(bytes, start, lineEnd)
    if (line === '') {
      this.#block.dispatch(items)
      this.#blockBytes = 0
    } else if (this.#block.readLine(line, 0, line.length, items)) {
      this.#blockBytes += lineBytes
    }
    const next = lineEnd + 1
    if (bytes[lineEnd] === LF) return next
    // CR alone ends the line at once; to wait for an LF would hold back a bare-CR stream's last event.
    if (next === bytes.length) this.#afterCr = true
    return bytes[next] === LF ? next + 1 : next
  }

  /** The rest of the bytes has no line end. */
  #carryOver(bytes: Uint8Array, start: number): void {
    if (this.#blockBytes + this.#carry.length + bytes.length - start > this.#maxEventBytes) this.#fail()
    else this.#carry.add(bytes, start, bytes.length)
  }

  /** What was carried and `bytes[start, end)` behind it, as text. */
  #takeText(bytes: Uint8Array, start: number, end: number): string {
    if (this.#carry.length === 0) return this.#decode(bytes, start, end)
    this.#carry.add(bytes, start, end)
    const text = this.#decode(this.#carry.bytes, 0, this.#carry.length)
    this.#carry.clear()
    return text
  }

  #decode(bytes: Uint8Array, start: number, end: number): string {
    const text = decodeUtf8(bytes, start, end)
    if (!this.#atStart) return text
    this.#atStart = false
    return text.charCodeAt(0) === BOM ? text.slice(1) : text
  }

  #fail(): void {
    const limit = `${this.#maxEventBytes} bytes`
    this.#failure = new SluiceError('upstream_too_large', `An event exceeds the limit of ${limit}`, { limit })
    this.#block.clear()
    this.#carry.clear()
  }
}

/**
 * `SseDecoder` as a stage. What a read completes is passed on before the next read is taken.
 *
 * @example
 * const events = pipe(body, decodeSse())
 */
export function decodeSse(options: SseDecoderOptions = {}): Stage<Uint8Array, SseItem> {
  return async function* decode(source) {
    const decoder = new SseDecoder(options)
    for await (const reads of source) {
      for (const bytes of reads) {
        const items = decoder.push(bytes)
        if (items.length > 0) yield items
      }
    }
    const rest = decoder.end()
    if (rest.length > 0) yield rest
  }
}

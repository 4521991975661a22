import { crc32 } from 'node:zlib'

/** Size of a record's header, in bytes. The layout is in docs/log-format.md. */
export const HEADER_BYTES = 32

/** First four bytes of every record: where a scan looks for the next one after damage. */
export const RECORD_MAGIC = 0x31524c53

/** What a record is. The numbers are on disk: they never change meaning. */
export const RecordType = {
  /** Journal: a stream starts, or is stated anew (JSON: OpenNote). */
  open: 1,
  /** Journal: entries of one stream that were committed together. */
  entries: 2,
  /** Journal: a stream has ended (JSON: CloseNote). */
  close: 3,
  /** Journal: a stream is forgotten. */
  erase: 4,
  /** Archive: entries of one stream, compressed. */
  block: 16,
  /** Archive: a closed stream and where its blocks are (JSON: HeadNote). */
  head: 17,
  /** Archive: streams that are gone (JSON: GoneNote). */
  gone: 18,
} as const

/** A record's header. */
export interface RecordHeader {
  readonly type: number
  readonly flags: number
  readonly epoch: number
  /** The stream: its number in the journal, a hash of its id in the archive. */
  readonly key: number
  /** Offset of the first entry. */
  readonly first: number
  /** How many entries. */
  readonly count: number
  /** Bytes after the header. */
  readonly length: number
  /** CRC-32 of the bytes after the header, started from the segment's salt. */
  readonly crc: number
}

/**
 * Writes records one after another into one growing buffer that is used again and again.
 *
 * Both checks start from the segment's random salt. Data comes from strangers: without it, a record
 * could be smuggled in as text and be found by the scan that looks for the next record after damage.
 */
export class RecordWriter {
  #buffer: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(64 * 1024)
  #view = new DataView(this.#buffer.buffer)
  #length = 0
  #start = 0
  #salt = 0

  /** The bytes so far. They are overwritten after the next `reset`. */
  get bytes(): Buffer {
    return this.#buffer
  }

  /** How many bytes. */
  get length(): number {
    return this.#length
  }

  /** Bytes of the record begun last, header included. */
  get recordLength(): number {
    return this.#length - this.#start
  }

  /** Starts anew, for a segment with this salt. Memory above `keep` bytes that was not needed is given back. */
  reset(salt: number, keep: number = 2 * 1024 * 1024): void {
    const needed = this.#length
    this.#length = 0
    this.#start = 0
    this.#salt = salt
    if (this.#buffer.length > keep && needed < this.#buffer.length / 8) this.#resize(this.#buffer.length / 4)
  }

  /** Begins a record; `finish` completes it. */
  begin(type: number, key: number, epoch: number, first: number, count: number, flags: number = 0): void {
    this.#room(HEADER_BYTES)
    const at = (this.#start = this.#length)
    const view = this.#view
    view.setUint32(at, RECORD_MAGIC, true)
    view.setUint32(at + 12, type | (flags << 8) | (epoch << 16), true)
    view.setUint32(at + 16, key, true)
    view.setUint32(at + 20, first, true)
    view.setUint32(at + 24, count, true)
    this.#length = at + HEADER_BYTES
  }

  /** Corrects the count of the record begun last. */
  setCount(count: number): void {
    this.#view.setUint32(this.#start + 24, count, true)
  }

  u32(value: number): void {
    this.#room(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** Overwrites four bytes at this place. */
  u32At(at: number, value: number): void {
    this.#view.setUint32(at, value, true)
  }

  /** UTF-8; gives the number of bytes. */
  text(value: string): number {
    // Three bytes are the most that one UTF-16 unit becomes.
    this.#room(value.length * 3)
    const written = this.#buffer.write(value, this.#length, 'utf8')
    this.#length += written
    return written
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A part of a buffer, without an object for it. */
  copy(bytes: Buffer, start: number, end: number): void {
    this.#room(end - start)
    bytes.copy(this.#buffer, this.#length, start, end)
    this.#length += end - start
  }

  /** Completes the record begun last: length and checks. */
  finish(): void {
    const at = this.#start
    const view = this.#view
    view.setUint32(at + 4, this.#length - at - HEADER_BYTES, true)
    view.setUint32(at + 8, crc32(this.#buffer.subarray(at + HEADER_BYTES, this.#length), this.#salt), true)
    view.setUint32(at + 28, headerCheck(view, at, this.#salt), true)
  }

  /** A whole record whose content is JSON. */
  json(type: number, key: number, epoch: number, first: number, count: number, note: unknown): void {
    this.begin(type, key, epoch, first, count)
    this.text(JSON.stringify(note))
    this.finish()
  }

  #room(bytes: number): void {
    const wanted = this.#length + bytes
    if (wanted > this.#buffer.length) this.#resize(Math.max(wanted, this.#buffer.length * 2))
  }

  #resize(size: number): void {
    const larger = Buffer.allocUnsafeSlow(size)
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
    this.#view = new DataView(larger.buffer)
  }
}

/** The header at this place; undefined when there is none or it was changed. */
export function readHeader(bytes: Buffer, at: number, salt: number): RecordHeader | undefined {
  if (at + HEADER_BYTES > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(at, true) !== RECORD_MAGIC) return undefined
  if (view.getUint32(at + 28, true) !== headerCheck(view, at, salt)) return undefined
  const word = view.getUint32(at + 12, true)
  return {
    type: word & 0xff,
    flags: (word >>> 8) & 0xff,
    epoch: word >>> 16,
    key: view.getUint32(at + 16, true),
    first: view.getUint32(at + 20, true),
    count: view.getUint32(at + 24, true),
    length: view.getUint32(at + 4, true),
    crc: view.getUint32(at + 8, true),
  }
}

/** Whether the content of the record at this place is what was written. */
export function contentIsWhole(bytes: Buffer, at: number, header: RecordHeader, salt: number): boolean {
  const content = bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + header.length)
  return content.length === header.length && crc32(content, salt) === header.crc
}

/**
 * A header of its own check lets a scan trust the length of a record whose content is damaged, and so
 * name the one stream that it hurts. Every step is a bijection: a change in one word is always seen.
 */
function headerCheck(view: DataView, at: number, salt: number): number {
  let hash = salt
  for (let word = 0; word < 28; word += 4) {
    hash = Math.imul(hash ^ view.getUint32(at + word, true), 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}

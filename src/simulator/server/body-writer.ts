import type { Socket } from 'node:net'
import type { Split } from '../model-name.ts'
import type { Random } from '../text/random.ts'
import type { Coder } from './gzip.ts'

/** Gathered before anything is written, whatever the pacing. */
const GATHER: Readonly<Record<Split, number>> = {
  event: 0,
  '1': 0,
  random: 0,
  '64k': 64 * 1024,
  // As much as any sensible answer has; an endless one must not fill the memory.
  whole: 32 * 1024 * 1024,
}
const RANDOM_PIECE = 48

/**
 * The body of a response on its way to the socket: framed, compressed and divided as asked. Written past
 * `ServerResponse`, which costs less per token and allows what no proper server would send.
 */
export class BodyWriter {
  readonly #socket: Socket
  readonly #split: Split
  readonly #random: Random
  readonly #onReady: () => void
  #chunked = false
  #coder: Coder | undefined
  #text = ''
  #bytes: Uint8Array[] = []
  #gathered = 0
  /** Pieces still to be written one by one. */
  #queue: Uint8Array | undefined
  #full = false

  /** @param onReady - called when a `flush` that returned false has been carried out */
  constructor(socket: Socket, split: Split, random: Random, onReady: () => void) {
    this.#socket = socket
    this.#split = split
    this.#random = random
    this.#onReady = onReady
    socket.on('drain', this.#onDrain)
  }

  /** Fixes the framing, once the head is out. */
  begin(chunked: boolean, coder: Coder | undefined): void {
    this.#chunked = chunked
    this.#coder = coder
  }

  /** Bytes waiting for `flush`, about. */
  get gathered(): number {
    return this.#gathered
  }

  /** False while the socket is full or pieces are being written one by one. */
  get ready(): boolean {
    return !this.#full && this.#queue === undefined
  }

  /** Takes part of the body; nothing leaves before `flush`. */
  push(data: string | Uint8Array): void {
    this.#gathered += data.length
    if (typeof data === 'string' && this.#bytes.length === 0) this.#text += data
    else {
      if (this.#text !== '') this.#bytes.push(Buffer.from(this.#text))
      this.#text = ''
      this.#bytes.push(typeof data === 'string' ? Buffer.from(data) : data)
    }
  }

  /**
   * Writes what was gathered; false when nothing more should come before `onReady`.
   *
   * @param force - also what is less than the split asks for
   */
  flush(force: boolean): boolean {
    if (this.#gathered === 0 || (!force && this.#gathered < GATHER[this.#split])) return this.ready
    const [text, bytes] = [this.#text, this.#bytes]
    this.#text = ''
    this.#bytes = []
    this.#gathered = 0
    if (text !== '' && this.#split === 'event' && this.#coder === undefined) this.#writeText(text)
    else {
      const only = bytes.length === 1 ? bytes[0] : undefined
      const all = only ?? (text !== '' ? Buffer.from(text) : Buffer.concat(bytes))
      this.#write(force ? all : this.#leave(all))
    }
    return this.ready
  }

  /** Whole pieces of 64 KiB now; what is left over waits for more. */
  #leave(all: Uint8Array): Uint8Array {
    if (this.#split !== '64k') return all
    const size = all.length - (all.length % GATHER['64k'])
    if (size < all.length) this.push(all.subarray(size))
    return all.subarray(0, size)
  }

  /** The end of a compressed body; false like `flush`. */
  finish(): boolean {
    if (this.#coder === undefined) return this.ready
    const last = this.#coder.end()
    this.#coder = undefined
    this.#divide(last)
    return this.ready
  }

  /** Lets go of the socket. */
  release(): void {
    this.#queue = undefined
    this.#socket.off('drain', this.#onDrain)
  }

  #writeText(text: string): void {
    const framed = this.#chunked ? `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n` : text
    if (!this.#socket.write(framed)) this.#full = true
  }

  #write(data: Uint8Array): void {
    this.#divide(this.#coder === undefined ? data : this.#coder.push(data))
  }

  #divide(data: Uint8Array): void {
    if (data.length === 0) return
    if (this.#split === 'event' || this.#split === 'whole') return this.#frame(data)
    this.#queue = data
    this.#next()
  }

  /** One piece now, the next in another turn of the loop, so that they do not leave together. */
  readonly #next = (): void => {
    const data = this.#queue
    if (data === undefined) return
    const size = this.#pieceSize()
    this.#frame(data.subarray(0, size))
    this.#queue = data.length > size ? data.subarray(size) : undefined
    if (this.#full) return
    setImmediate(this.#queue !== undefined ? this.#next : this.#onReady)
  }

  #pieceSize(): number {
    if (this.#split === '1') return 1
    return this.#split === 'random' ? 1 + this.#random.below(RANDOM_PIECE) : GATHER['64k']
  }

  #frame(data: Uint8Array): void {
    if (!this.#chunked) {
      if (!this.#socket.write(data)) this.#full = true
      return
    }
    this.#socket.cork()
    this.#socket.write(`${data.length.toString(16)}\r\n`)
    this.#socket.write(data)
    if (!this.#socket.write('\r\n')) this.#full = true
    this.#socket.uncork()
  }

  readonly #onDrain = (): void => {
    if (!this.#full) return
    this.#full = false
    // A fast reader drains within the same turn of the loop: without this one stream keeps it from all others.
    setImmediate(this.#queue !== undefined ? this.#next : this.#onReady)
  }
}

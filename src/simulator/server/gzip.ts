import { constants, crc32, deflateRawSync } from 'node:zlib'

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3])
/** An empty last block. */
const LAST_BLOCK = Buffer.from([3, 0])

/** A coder of a body, write by write. */
export interface Coder {
  push(data: Uint8Array): Buffer
  end(): Buffer
}

/**
 * One gzip stream, each write readable as soon as it has arrived. Synchronous, so that pacing is not
 * at the mercy of a thread pool.
 */
export class Gzip implements Coder {
  #started = false
  #crc = 0
  #length = 0
  #last: { readonly data: Uint8Array; readonly coded: Buffer } | undefined

  /** The bytes that carry `data`. */
  push(data: Uint8Array): Buffer {
    this.#crc = crc32(data, this.#crc)
    this.#length += data.length
    // A full flush leaves no history, so the same array again is the same bytes again: a bomb is cheap to make.
    if (this.#last?.data !== data) {
      this.#last = { data, coded: deflateRawSync(data, { finishFlush: constants.Z_FULL_FLUSH }) }
    }
    const { coded } = this.#last
    const start = this.#started ? coded : Buffer.concat([HEADER, coded])
    this.#started = true
    return start
  }

  /** The end of the stream. */
  end(): Buffer {
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(this.#crc >>> 0, 0)
    trailer.writeUInt32LE(this.#length % 2 ** 32, 4)
    const start = this.#started ? [] : [HEADER]
    return Buffer.concat([...start, LAST_BLOCK, trailer])
  }
}

/** gzip of gzip. */
export class GzipTwice implements Coder {
  readonly #inner = new Gzip()
  readonly #outer = new Gzip()

  push(data: Uint8Array): Buffer {
    return this.#outer.push(this.#inner.push(data))
  }

  end(): Buffer {
    return Buffer.concat([this.#outer.push(this.#inner.end()), this.#outer.end()])
  }
}

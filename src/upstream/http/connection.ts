import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { ResponseReader, type ResponseSink } from './response.ts'
import { connect, type Place, type Secrets } from './socket.ts'

/**
 * Takes what becomes of one request. After `end` or `failed` nothing comes any more. With what `head` or `body`
 * throws, the exchange fails; the others must not throw.
 */
export interface ExchangeSink extends ResponseSink {
  /** The connection stands, and the request goes out now. */
  connected(): void
  /** The response is whole. */
  end(): void
  /** There will be no more of it: `upstream_malformed`, or what the system says. */
  failed(error: Error): void
}

/** Whose connections these are. */
export interface Keeper {
  /** The connection is free, and may be used again for so many milliseconds. */
  idle(connection: Connection, forMs: number): void
  /** It is no more. */
  gone(connection: Connection): void
  /** What the server gave to make the next handshake shorter. */
  session(session: Buffer): void
}

/**
 * What all connections read into, one after the other: a read is taken apart before its callback returns, and no other
 * one can come before that. Without this Node allocates 64 KiB for every read, which is 2 us of a token, and what it
 * shrinks these to lies about until the garbage collector comes.
 */
const READ = Buffer.allocUnsafeSlow(64 * 1024)

/** The code of an error that says: the server ended the connection, and nothing was wrong with it. */
export const CLOSED = 'closed by the server'

class Closed extends Error {
  readonly code = CLOSED
}

/** One connection to a server, for one request at a time. */
export class Connection {
  readonly #socket: Socket
  readonly #keeper: Keeper
  #isConnected = false
  #error: Error | undefined
  #sink: ExchangeSink | undefined
  #reader: ResponseReader | undefined
  /** What goes out as soon as it is connected. */
  #unsent: string | undefined
  /** Until when it may be used again, on the keeper's clock. */
  idleUntil = 0

  constructor(place: Place, secrets: Secrets, keeper: Keeper) {
    this.#keeper = keeper
    const onread = { buffer: READ, callback: (count: number) => this.#read(count) }
    const socket = connect(place, secrets, onread, (session) => keeper.session(session))
    this.#socket = socket
    socket.once(place.isSecure ? 'secureConnect' : 'connect', () => this.#start())
    // TLSSocket reports what is no TLS after the handshake and stays open.
    socket.on('error', (error: Error) => this.fail(error))
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#closed())
  }

  /** Sends a request, head and body. Nothing else may be under way. */
  send(request: string, sink: ExchangeSink): void {
    this.#sink = sink
    this.#reader = new ResponseReader(sink)
    this.#unsent = request
    if (!this.#isConnected) return
    this.#socket.ref()
    this.#start()
  }

  /** Ends it now. The sink hears no more. */
  destroy(): void {
    this.#reader?.stop()
    this.#sink = undefined
    this.#reader = undefined
    this.#socket.destroy()
  }

  /** Gives it up with an error for its sink. */
  fail(error: Error): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  /** Whether the server has not ended it, as far as is known. */
  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** Whether all of the response was read, though the sink may not have been told yet. */
  get isDone(): boolean {
    return this.#reader === undefined || this.#reader.isDone
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  #start(): void {
    this.#isConnected = true
    const request = this.#unsent
    this.#unsent = undefined
    if (request === undefined) return
    this.#sink?.connected()
    this.#socket.write(request)
  }

  #read(count: number): boolean {
    const reader = this.#reader
    // Nobody asked: the response after the last one, or a server that says farewell before it closes.
    if (reader === undefined) {
      this.#socket.destroy()
      return true
    }
    try {
      const used = reader.read(READ, count)
      if (reader.isDone && this.#reader === reader) this.#finish(used === count ? reader.keptMs : 0)
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)))
    }
    return true
  }

  #finish(keptMs: number): void {
    const sink = this.#sink
    this.#sink = undefined
    this.#reader = undefined
    if (keptMs > 0 && this.isOpen && this.#socket.writableLength === 0) {
      // Its last sink may have paused it and will not resume it: it is done.
      if (this.#socket.isPaused()) this.#socket.resume()
      this.#socket.unref()
      this.#keeper.idle(this, keptMs)
    } else this.#socket.destroy()
    sink?.end()
  }

  #end(): void {
    if (this.#error === undefined && this.#reader?.close() === true) this.#finish(0)
    else this.fail(new Closed())
  }

  #closed(): void {
    this.#keeper.gone(this)
    const sink = this.#sink
    this.#sink = undefined
    this.#reader = undefined
    sink?.failed(this.#error ?? new Closed())
  }
}

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Running } from './process.ts'
import type { Provider } from './provider.ts'
import { ResponseScanner } from './response.ts'
import { Tally } from './tally.ts'
import { requestText } from './wire.ts'

/**
 * One read buffer for all connections: each read is consumed before the next one happens. 64 KB each
 * would be 320 MB at 5,000 streams, and allocating per read would be garbage at 100,000 reads a second.
 */
const READ_BUFFER = Buffer.alloc(65_536)

let nextKey = 1

/** One kept connection, one stream at a time. */
class LoadConnection {
  readonly #load: Load
  readonly #socket: Socket
  readonly #scanner: ResponseScanner
  #key = 0
  #startedAt = 0
  #waiting = false
  #busy = false

  constructor(load: Load) {
    this.#load = load
    this.#scanner = new ResponseScanner(load.tally)
    this.#socket = connect({
      port: load.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (length) => this.#read(length) },
    })
    this.#socket.on('error', (error) => this.#lost(`socket: ${error.message}`))
    this.#socket.on('close', () => this.#lost('cut'))
  }

  get busy(): boolean {
    return this.#busy
  }

  /** A stream is under way and its first token has come. */
  get flowing(): boolean {
    return this.#busy && !this.#waiting
  }

  start(): void {
    this.#key = nextKey++
    this.#scanner.reset()
    this.#busy = true
    this.#waiting = true
    const { tokens, interval } = this.#load.shape
    const request = requestText({ key: this.#key, tokens, interval }, this.#load.port, this.#load.key)
    this.#startedAt = performance.now()
    this.#socket.write(request, 'latin1')
  }

  drop(): void {
    this.#busy = false
    // Not `resetAndDestroy`: on a socket that is being shut down it leaks the handle (Node 26.10), and
    // the process then spins for ever at its exit.
    this.#socket.destroy()
  }

  #read(length: number): boolean {
    const now = performance.now()
    const { frames } = this.#scanner
    this.#scanner.feed(READ_BUFFER, length, now)
    if (this.#waiting && frames.tokens > 0) {
      this.#waiting = false
      if (this.#load.tally.measuring) this.#load.tally.firstToken.add(now - this.#startedAt)
    }
    if (this.#scanner.failure !== undefined) this.#lost(this.#scanner.failure)
    else if (this.#scanner.complete) this.#ended()
    return true
  }

  #ended(): void {
    this.#busy = false
    const { frames } = this.#scanner
    const sent = this.#load.provider.takeSent(this.#key)
    this.#load.ended(this, findFault(frames, sent))
  }

  #lost(reason: string): void {
    if (!this.#busy) return
    this.#busy = false
    this.#socket.destroy()
    this.#load.ended(this, reason)
  }
}

/** What is wrong with what was read, compared with what was sent; undefined if nothing is. */
function findFault(
  read: { tokens: number; hash: number; finished: boolean; done: boolean; broken: boolean },
  sent: { tokens: number; hash: number } | undefined,
): string | undefined {
  if (read.broken) return 'error event, or content after the end'
  if (sent === undefined) return 'an end the provider never said'
  if (read.tokens !== sent.tokens) return 'token count differs'
  if (read.hash !== sent.hash) return 'text differs'
  if (!read.finished) return 'no finish_reason'
  if (!read.done) return 'no [DONE]'
  return undefined
}

/** What each stream of a load is. */
export interface StreamShape {
  /** 0: until the provider is told to finish. */
  readonly tokens: number
  /** Milliseconds; 0: unpaced. */
  readonly interval: number
}

/** Many connections to one port, each reading stream after stream if `repeat` is set. */
export class Load {
  readonly tally: Tally = new Tally()
  readonly port: number
  readonly provider: Provider
  readonly shape: StreamShape
  /** The bearer key that every request shows. */
  readonly key: string | undefined
  readonly #connections: LoadConnection[] = []
  #repeat: boolean

  constructor(server: Pick<Running, 'port' | 'key'>, provider: Provider, shape: StreamShape, repeat: boolean) {
    this.port = server.port
    this.key = server.key
    this.provider = provider
    this.shape = shape
    this.#repeat = repeat
  }

  get open(): number {
    return this.#connections.reduce((sum, connection) => sum + (connection.busy ? 1 : 0), 0)
  }

  /** How many streams have had their first token and not their end. */
  get flowing(): number {
    return this.#connections.reduce((sum, connection) => sum + (connection.flowing ? 1 : 0), 0)
  }

  /** Opens `count` streams, spread evenly over `milliseconds`. */
  async ramp(count: number, milliseconds: number): Promise<void> {
    const startedAt = performance.now()
    while (this.#connections.length < count) {
      const share = milliseconds === 0 ? 1 : (performance.now() - startedAt) / milliseconds
      while (this.#connections.length < Math.min(count, Math.ceil(share * count))) {
        const connection = new LoadConnection(this)
        this.#connections.push(connection)
        connection.start()
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /** Waits until that many streams flow, at most for `milliseconds`; fewer are an error. */
  async allFlow(count: number, milliseconds: number): Promise<void> {
    const deadline = performance.now() + milliseconds
    while (this.flowing < count && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
    for (let missing = count - this.flowing; missing > 0; missing--) this.tally.error('no first token in time')
  }

  /** Called by a connection whose stream is over. */
  ended(connection: LoadConnection, fault: string | undefined): void {
    if (fault !== undefined) {
      this.tally.error(fault)
      return
    }
    if (this.tally.measuring) this.tally.streams++
    if (this.#repeat) connection.start()
  }

  /** Lets every stream end, at most for `milliseconds`; what is still open then is an error. Closes all. */
  async settle(milliseconds: number): Promise<void> {
    this.#repeat = false
    this.provider.finish()
    const deadline = performance.now() + milliseconds
    while (this.open > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
    for (let left = this.open; left > 0; left--) this.tally.error('not ended in time')
    for (const connection of this.#connections) connection.drop()
  }
}

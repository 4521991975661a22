import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Split } from '../model-name.ts'
import type { Pace } from '../pace.ts'
import type { Random } from '../text/random.ts'
import type { Op } from '../wire/op.ts'
import { Gzip, GzipTwice } from './gzip.ts'
import type { Coder } from './gzip.ts'
import { pieces } from './split.ts'
import type { Sleeper, Wheel } from './wheel.ts'

/** How a response ended: everything was sent, the peer left first, or the script ended it otherwise. */
export type Ending = 'sent' | 'left' | 'broken'

/** What a player needs. */
export interface PlayerOptions {
  readonly response: ServerResponse
  /** Of the response, which must be the current one of its connection. */
  readonly socket: Socket
  readonly script: Iterable<Op>
  readonly pace: Pace
  readonly split: Split
  readonly wheel: Wheel
  readonly random: Random
  readonly onEnd: (ending: Ending) => void
}

/** Written at once at most, so that one fast stream does not keep the loop from the others. */
const TURN_BYTES = 256 * 1024
const WRITE_BYTES = 64 * 1024
/** Between what was sent and an RST, so that the peer has read it: an RST may overtake. */
const BEFORE_RESET = 10

/**
 * Carries the steps of one response out on a socket. Bodies are framed here and written past
 * `ServerResponse`, which costs less per token and allows the faults no proper server can produce.
 */
export class Player implements Sleeper {
  due = 0
  readonly #options: PlayerOptions
  readonly #steps: Iterator<Op>
  #held: Op | undefined
  /** When the next token leaves. */
  #next: number
  /** Body bytes not yet written. */
  #text = ''
  #blocked = false
  #asleep = false
  #waited = false
  #ended = false
  #coder: Coder | undefined
  #framing: 'chunked' | 'plain' = 'plain'
  #closes = false

  constructor(options: PlayerOptions) {
    this.#options = options
    this.#steps = options.script[Symbol.iterator]()
    this.#next = options.wheel.now() + options.pace.first
    options.response.once('close', this.#onClose)
    options.socket.on('drain', this.#onDrain)
  }

  /** Starts; everything else follows. */
  start(): void {
    const { socket, wheel } = this.#options
    // The head and what goes with it leave in one packet.
    socket.cork()
    this.#play(wheel.now())
    socket.uncork()
  }

  wake(now: number): void {
    this.#asleep = false
    this.#play(now)
  }

  readonly #onDrain = (): void => {
    if (!this.#blocked) return
    this.#blocked = false
    // Nobody read for a while: go on from now, without a burst.
    const now = this.#options.wheel.now()
    this.#next = Math.max(this.#next, now)
    if (!this.#asleep) this.#play(now)
  }

  readonly #onClose = (): void => this.#end('left')

  #play(now: number): void {
    let written = 0
    while (!this.#ended && !this.#blocked && !this.#asleep) {
      const op = this.#held ?? this.#take()
      this.#held = undefined
      if (op === undefined) {
        if (this.#flush()) this.#finish()
        return
      }
      if (op.kind === 'send') {
        written += op.data.length
        if (!this.#send(op, now)) this.#held = op
      } else if (!this.#flush() || !this.#step(op, now)) this.#held = op
      if (written > TURN_BYTES) return this.#yield()
    }
  }

  #take(): Op | undefined {
    const step = this.#steps.next()
    return step.done === true ? undefined : step.value
  }

  /** Gathers body bytes; false when it is too early for them or the socket is full. */
  #send(op: Op & { kind: 'send' }, now: number): boolean {
    const timed = op.part === 'token' || op.part === 'role'
    if (timed && this.#next > now) {
      if (this.#flush()) this.#sleep(this.#next)
      return false
    }
    if (typeof op.data !== 'string') {
      if (!this.#flush()) return false
      this.#write(op.data)
    } else if (this.#options.split === 'event' && this.#options.pace.interval > 0) {
      this.#text += op.data
    } else {
      if (this.#text.length > WRITE_BYTES && this.#options.split !== 'whole' && !this.#flush()) return false
      this.#text += op.data
    }
    // Late tokens catch up, several in one write, so that the rate holds whatever the load.
    if (op.part === 'token') this.#next += this.#options.pace.interval
    return true
  }

  /** One step that is not body; false when it must be tried again. */
  #step(op: Exclude<Op, { kind: 'send' }>, now: number): boolean {
    switch (op.kind) {
      case 'head':
        this.#head(op)
        return true
      case 'raw':
        this.#options.socket.write(op.data)
        return true
      case 'wait':
        if (this.#waited) {
          this.#waited = false
          this.#next = Math.max(this.#next, now)
          return true
        }
        this.#waited = true
        this.#sleep(now + op.ms)
        return false
      case 'stop':
        this.#stop(op.how)
        return true
    }
  }

  #head(op: Op & { kind: 'head' }): void {
    const { response } = this.#options
    for (const [name, value] of Object.entries(op.headers)) {
      response.setHeader(name, typeof value === 'string' ? value : [...value])
    }
    if (typeof op.framing === 'number') response.setHeader('content-length', op.framing)
    if (op.framing === 'close') {
      response.setHeader('connection', 'close')
      response.useChunkedEncodingByDefault = false
      this.#closes = true
    }
    response.writeHead(op.status)
    response.flushHeaders()
    // An HTTP/1.0 peer gets no chunks, whatever the script says.
    this.#framing = response.chunkedEncoding ? 'chunked' : 'plain'
    this.#closes ||= !response.chunkedEncoding && op.framing === 'chunked'
    if (op.coding !== undefined) this.#coder = op.coding === 'gzip' ? new Gzip() : new GzipTwice()
  }

  /** Writes what was gathered; false when the socket wants a pause first. */
  #flush(): boolean {
    const text = this.#text
    if (text === '') return !this.#blocked
    if (this.#options.split === 'whole' && this.#held === undefined && !this.#drained) return true
    this.#text = ''
    if (this.#coder !== undefined || this.#options.split !== 'event') this.#write(Buffer.from(text))
    else if (this.#framing === 'chunked') {
      this.#after(this.#options.socket.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`))
    } else this.#after(this.#options.socket.write(text))
    return !this.#blocked
  }

  #write(data: Uint8Array): void {
    const bytes = this.#coder === undefined ? data : this.#coder.push(data)
    const { split, random } = this.#options
    const all = pieces(bytes, split, random)
    if (all.length <= 1) this.#frame(bytes)
    else this.#oneByOne(all, 0)
  }

  /** Each piece in a write of its own, in a turn of its own. */
  #oneByOne(all: readonly Uint8Array[], at: number): void {
    this.#blocked = true
    const piece = all[at]
    if (this.#ended) return
    if (piece === undefined) return this.#onDrain()
    this.#blocked = false
    this.#frame(piece)
    const full = this.#blocked
    this.#blocked = true
    if (full) this.#options.socket.once('drain', () => setImmediate(() => this.#oneByOne(all, at + 1)))
    else setImmediate(() => this.#oneByOne(all, at + 1))
  }
}

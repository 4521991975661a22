import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Split } from '../model-name.ts'
import type { Pace } from '../pace.ts'
import type { Random } from '../text/random.ts'
import type { Head, Op } from '../wire/op.ts'
import { BodyWriter } from './body-writer.ts'
import { Gzip, GzipTwice } from './gzip.ts'
import type { Sleeper, Wheel } from './wheel.ts'

/** How a response ended: everything was sent, the script ended it otherwise, or the peer left first. */
export type Ending = 'sent' | 'broken' | 'left'

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
  /** Called once. */
  readonly onEnd: (ending: Ending) => void
}

/** Gathered at most before it is handed to the socket. */
const WRITE_BYTES = 64 * 1024
/** Between the last bytes and an RST, which would otherwise overtake them. */
const BEFORE_RESET = 10

/** Carries the steps of one response out on a socket, each at its time. */
export class Player implements Sleeper {
  due = 0
  slot = -1
  readonly #options: PlayerOptions
  readonly #steps: Iterator<Op>
  readonly #body: BodyWriter
  /** A step whose time has not come. */
  #held: Op | undefined
  /** A step that has been waited for. */
  #waited: Op | undefined
  /** When the next token leaves. */
  #next: number
  #closes = false
  #ended = false

  constructor(options: PlayerOptions) {
    const { response, socket, script, pace, split, wheel, random } = options
    this.#options = options
    this.#steps = script[Symbol.iterator]()
    this.#next = wheel.now() + pace.first
    this.#body = new BodyWriter(socket, split, random, this.#onReady)
    response.once('close', this.#onClose)
  }

  /** Starts; everything else follows. */
  start(): void {
    const { socket, wheel } = this.#options
    // The head and what goes with it leave in one packet.
    socket.cork()
    this.#play(wheel.now())
    socket.uncork()
  }

  /** Called by the wheel. */
  wake(now: number): void {
    this.slot = -1
    this.#play(now)
  }

  readonly #onReady = (): void => {
    const now = this.#options.wheel.now()
    // Nobody read for a while: go on from now, without a burst.
    this.#next = Math.max(this.#next, now)
    this.#play(now)
  }

  readonly #onClose = (): void => this.#end('left')

  #play(now: number): void {
    while (!this.#ended && this.#body.ready && this.slot < 0) {
      const op = this.#held ?? this.#take()
      this.#held = undefined
      if (op === undefined) {
        if (this.#body.flush(true) && this.#body.finish()) this.#finish()
        return
      }
      if (op.kind === 'send') this.#send(op, now)
      else if (!this.#body.flush(true)) this.#held = op
      else this.#step(op, now)
    }
  }

  #take(): Op | undefined {
    try {
      const step = this.#steps.next()
      return step.done === true ? undefined : step.value
    } catch (thrown) {
      // Our own mistake: it ends this response, not the process it runs in.
      process.emitWarning(thrown instanceof Error ? thrown : String(thrown))
      return { kind: 'stop', how: 'reset' }
    }
  }

  #send(op: Op & { kind: 'send' }, now: number): void {
    if (this.#next > now && (op.part === 'token' || op.part === 'role')) {
      this.#body.flush(false)
      return this.#sleep(op, this.#next)
    }
    this.#body.push(op.data)
    // Late tokens catch up, several in one write, so that the rate holds whatever the load.
    if (op.part === 'token') this.#next += this.#options.pace.interval
    if (this.#body.gathered > WRITE_BYTES) this.#body.flush(false)
  }

  #step(op: Exclude<Op, { kind: 'send' }>, now: number): void {
    switch (op.kind) {
      case 'head':
        return this.#head(op)
      case 'raw':
        this.#options.socket.write(op.data)
        return
      case 'wait':
        if (this.#waited !== op) return this.#sleep(op, now + op.ms)
        this.#next = Math.max(this.#next, now)
        return
      case 'stop':
        return this.#stop(op, now)
    }
  }

  #head(op: Head): void {
    const { response } = this.#options
    for (const [name, value] of Object.entries(op.headers)) {
      response.setHeader(name, typeof value === 'string' ? value : [...value])
    }
    if (typeof op.framing === 'number') response.setHeader('content-length', op.framing)
    if (op.framing === 'close') {
      response.setHeader('connection', 'close')
      response.useChunkedEncodingByDefault = false
    }
    response.writeHead(op.status)
    response.flushHeaders()
    // An HTTP/1.0 peer gets no chunks, whatever the script says.
    const chunked = response.chunkedEncoding
    this.#closes = op.framing === 'close' || (op.framing === 'chunked' && !chunked)
    const coder = op.coding === undefined ? undefined : op.coding === 'gzip' ? new Gzip() : new GzipTwice()
    this.#body.begin(chunked, coder)
  }

  #stop(op: Op & { kind: 'stop' }, now: number): void {
    const { socket } = this.#options
    if (op.how === 'fin') {
      this.#end('broken')
      socket.destroySoon()
    } else if (op.how === 'hang') this.#sleep(op, Number.POSITIVE_INFINITY)
    else if (this.#waited !== op) this.#sleep(op, now + BEFORE_RESET)
    else {
      this.#end('broken')
      socket.resetAndDestroy()
    }
  }

  #finish(): void {
    const { response, socket } = this.#options
    this.#end('sent')
    if (this.#closes) socket.destroySoon()
    else {
      socket.cork()
      response.end()
      socket.uncork()
    }
  }

  #sleep(op: Op, due: number): void {
    this.#held = op
    this.#waited = op
    this.due = due
    this.slot = 0
    if (due !== Number.POSITIVE_INFINITY) this.#options.wheel.add(this)
  }

  #end(ending: Ending): void {
    if (this.#ended) return
    this.#ended = true
    this.#options.wheel.remove(this)
    this.#options.response.off('close', this.#onClose)
    this.#body.release()
    this.#steps.return?.()
    this.#options.onEnd(ending)
  }
}

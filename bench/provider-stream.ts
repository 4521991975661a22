import type { Socket } from 'node:net'
import { HASH_SEED, OPENING, closing, foldHash, stamp, tokenFrame } from './wire.ts'
import type { StreamPlan } from './wire.ts'
import type { Paced } from './wheel.ts'

/** What the provider wrote into one stream, against which the client's reading is checked. */
export interface Sent {
  readonly tokens: number
  /** FNV-1a over the bytes of all contents, in order. */
  readonly hash: number
}

/** What all streams of a provider count together. */
export interface Counters {
  /** Written. */
  tokens: number
  /** Due, but not taken by a full socket. */
  withheld: number
}

/** One answer on its way: paced by the wheel, or all at once. */
export class ProviderStream implements Paced {
  readonly interval: number
  readonly #plan: StreamPlan
  readonly #socket: Socket
  readonly #closing: string
  readonly #counters: Counters
  readonly #ended: (stream: ProviderStream, sent: Sent) => void
  #tokens = 0
  #hash = HASH_SEED
  #finishing = false

  constructor(
    plan: StreamPlan,
    socket: Socket,
    withUsage: boolean,
    counters: Counters,
    ended: (stream: ProviderStream, sent: Sent) => void,
  ) {
    this.interval = plan.interval
    this.#plan = plan
    this.#socket = socket
    this.#closing = closing(withUsage)
    this.#counters = counters
    this.#ended = ended
  }

  get key(): number {
    return this.#plan.key
  }

  /** Head, role and first token in one write, as a server does that waits for its model's first token. */
  open(): void {
    this.#socket.write(OPENING + this.#nextFrame(), 'latin1')
  }

  due(): void {
    if (this.#finishing || (this.#plan.tokens > 0 && this.#tokens >= this.#plan.tokens)) {
      this.#close()
      return
    }
    if (this.#socket.writableNeedDrain) {
      this.#counters.withheld++
      return
    }
    this.#socket.write(this.#nextFrame(), 'latin1')
  }

  /** An unpaced answer: one write per token nevertheless, as separate model steps would make. */
  rush(): void {
    while (this.#tokens < this.#plan.tokens) this.#socket.write(this.#nextFrame(), 'latin1')
    this.#close()
  }

  finish(): void {
    this.#finishing = true
  }

  #close(): void {
    this.#socket.write(this.#closing, 'latin1')
    this.#ended(this, { tokens: this.#tokens, hash: this.#hash })
  }

  #nextFrame(): string {
    const text = stamp()
    let hash = this.#hash
    for (let i = 0; i < text.length; i++) hash = foldHash(hash, text.charCodeAt(i))
    this.#hash = hash
    this.#tokens++
    this.#counters.tokens++
    return tokenFrame(text)
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Cancellation, type CancelSignal } from '../cancel.ts'
import { CALLER_LEFT, type StreamReply, type Transport } from '../gateway/http.ts'
import { readBody } from './read-body.ts'
import { sendStream, type Heartbeats } from './send.ts'

/** Who sent one request, as the gateway sees him; one object for as long as the answer lasts. */
export class Caller implements Transport {
  readonly #left = new Cancellation()
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #heartbeats: Heartbeats
  readonly #patienceMs: number

  /** `patienceMs`: who has taken nothing of a stream for so long is given up. */
  constructor(incoming: IncomingMessage, outgoing: ServerResponse, heartbeats: Heartbeats, patienceMs: number) {
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#heartbeats = heartbeats
    this.#patienceMs = patienceMs
    // `close` on the request does not fire for a POST whose body was read; the response's does.
    outgoing.on('close', () => this.#closed())
  }

  get signal(): CancelSignal {
    return this.#left
  }

  body(limit: number): Promise<Uint8Array> {
    return readBody(this.#incoming, limit)
  }

  send(reply: StreamReply): Response {
    void sendStream(this.#outgoing, reply, this.#heartbeats, this.#incoming.method !== 'HEAD', this.#patienceMs)
    return RESPONSE_ALREADY_SENT
  }

  #closed(): void {
    // Who has got everything has not left, and nobody listens any more.
    if (!this.#outgoing.writableFinished) this.#left.abort(CALLER_LEFT)
  }
}

import type { CancelSignal } from '../cancel.ts'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { addressOf } from './address.ts'
import { ByteQueue } from './byte-queue.ts'
import { explain } from './explain.ts'
import type { Connection, ExchangeSink } from './http/connection.ts'
import { Connections, type ConnectionOptions } from './http/connections.ts'
import type { Fields, Head } from './http/head.ts'
import { requestText } from './http/request.ts'
import { inflate } from './inflate.ts'
import { ProviderOrigin, type Origin } from './origin.ts'
import { Watch } from './watch.ts'

/** The live exchange with a provider, from its response head on. */
export interface Exchange {
  readonly status: number
  /** Of a refusal: lower-case names, a repeated field joined by `, `. An answer's are not kept. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as it arrives. Throws `upstream_reset`, a deadline's error, or what `abort` was given. */
  readonly bytes: AsyncIterable<readonly Uint8Array[]>
  readonly watch: Watch
  /** Whose answer it is. */
  readonly origin: Origin
  /** Whether a refusal in these words only means that our credential is outdated. */
  isOutdated(message: string): boolean
  /** The provider refused our key, or limited it (`isLimit`). */
  refuseKey(retryAfterMs: number | undefined, isLimit: boolean): void
  /** All that matters was read: the rest is thrown away, for a second at most, so that the connection can be kept. */
  drain(): void
  /** Ends the exchange now: the socket is destroyed, a pending read of `bytes` throws `reason`. */
  abort(reason: SluiceError): void
}

/** What is sent. */
export interface Outgoing {
  readonly method: 'GET' | 'POST'
  /** Below the provider's base URL: `/chat/completions`. */
  readonly path: string
  /** JSON text. */
  readonly body: string | undefined
  /** Further header fields, lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The one dialer. */
export interface Dialer {
  readonly connections: Connections
  readonly clock: Clock
}

/** Connections are kept per origin; without HTTP/2, redirects, or timeouts of their own: deadlines are ours (watch.ts). */
export function createDialer(clock: Clock, options?: ConnectionOptions): Dialer & { close(): void } {
  const connections = new Connections(clock, options)
  return { connections, clock, close: () => connections.close() }
}

/**
 * One request to one target: resolves with the response head, whatever its status; the body is pulled.
 *
 * Throws `upstream_connect_failed`, `upstream_reset`, `upstream_malformed`, `provider_auth` (no
 * credential to be had), or the error of the deadline that passed. When `signal` aborts, throws its reason.
 */
export async function open(
  dialer: Dialer,
  target: Target,
  outgoing: Outgoing,
  signal: CancelSignal,
): Promise<Exchange> {
  const { provider } = target
  const given = provider.credential.headers()
  const credential = given instanceof Promise ? await unlessAborted(given, signal) : given
  signal.throwIfAborted()
  const { origin, host, path } = addressOf(provider, outgoing.path)
  const fields = {
    'content-type': 'application/json',
    accept: 'text/event-stream, application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sluice',
    ...provider.headers,
    ...outgoing.headers,
    ...credential,
  }
  const { method, body } = outgoing
  const request = requestText({ method, path, host, fields, body })
  return new Call(dialer.clock, target, credential).start(dialer.connections, origin, request, signal)
}

/** A token exchange may take long, and others may wait for the same one: who leaves only stops waiting. */
async function unlessAborted<T>(promise: Promise<T>, signal: CancelSignal): Promise<T> {
  const left = Promise.withResolvers<never>()
  const onAbort = (): void => left.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, left.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** How long a response may go on after its end was said, before its connection is given up. */
const DRAIN_MS = 1_000

/** An answer's head is not kept for as long as the answer. */
const NO_FIELDS: Fields = {}

/** One exchange: what its connection reports, and what its reader asks for. */
class Call implements Exchange, ExchangeSink {
  readonly watch: Watch
  readonly origin: ProviderOrigin
  status = 0
  headers: Fields = NO_FIELDS
  bytes: AsyncIterable<readonly Uint8Array[]>
  readonly #clock: Clock
  readonly #target: Target
  readonly #credential: Fields
  readonly #queue: ByteQueue
  #head: PromiseWithResolvers<Exchange> | undefined
  #connection: Connection | undefined
  #signal: CancelSignal | undefined
  #ended = false
  #isDraining = false
  #stopDraining: (() => void) | undefined

  constructor(clock: Clock, target: Target, credential: Fields) {
    this.#clock = clock
    this.#target = target
    this.#credential = credential
    this.origin = new ProviderOrigin(target.provider, credential)
    this.watch = new Watch(clock, target.deadlines, target.provider.name, this)
    this.bytes = this.#queue = new ByteQueue(this)
  }

  start(connections: Connections, origin: string, request: string, signal: CancelSignal): Promise<Exchange> {
    // Linked by hand: AbortSignal.any keeps about 2 KB per request on a long-lived signal (Node 20 to 26).
    signal.addEventListener('abort', this, { once: true })
    this.#signal = signal
    const head = Promise.withResolvers<Exchange>()
    this.#head = head
    this.#connection = connections.send(origin, request, this)
    return head.promise
  }

  /** The caller's signal was aborted. */
  handleEvent(): void {
    this.abort(SluiceError.from(this.#signal?.reason, 'cancelled'))
  }

  abort(reason: SluiceError): void {
    if (this.#ended) return
    this.#connection?.destroy()
    this.#settle(reason)
  }

  isOutdated(message: string): boolean {
    return this.#target.provider.credential.isOutdated?.(this.#credential, this.status, message) === true
  }

  refuseKey(retryAfterMs: number | undefined, isLimit: boolean): void {
    this.#target.provider.credential.refused?.(this.#credential, retryAfterMs, isLimit)
  }

  drain(): void {
    this.watch.stop()
    this.#isDraining = true
    if (this.#ended || this.#connection?.isDone === true) return
    this.#stopDraining = this.#clock.after(DRAIN_MS, () => this.abort(new SluiceError('cancelled', 'drained')))
  }

  connected(): void {
    this.watch.enter('head')
  }

  head({ status, fields }: Head): void {
    this.status = status
    if (status < 200 || status > 299) this.headers = fields
    this.watch.enter('firstToken')
    this.bytes = inflate(this.#queue, fields['content-encoding'], this.origin.provider)
    this.#head?.resolve(this)
    this.#head = undefined
  }

  body(bytes: Uint8Array): void {
    this.#queue.push(bytes)
  }

  end(): void {
    this.#settle(undefined)
  }

  failed(error: Error): void {
    this.#settle(explain(error, this.origin.provider, this.status > 0))
  }

  pause(): void {
    this.#connection?.pause()
  }

  resume(): void {
    this.#connection?.resume()
  }

  /** The reader of the body stopped early. */
  left(): void {
    if (!this.#isDraining) this.abort(new SluiceError('cancelled', 'the body is no longer wanted'))
  }

  #settle(error: SluiceError | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#connection = undefined
    this.#stopDraining?.()
    this.#signal?.removeEventListener('abort', this)
    this.#signal = undefined
    this.watch.stop()
    this.#queue.finish(error)
    if (error !== undefined) this.#head?.reject(error)
    this.#head = undefined
  }
}

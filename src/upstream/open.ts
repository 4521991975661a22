import { Agent, type Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { addressOf } from './address.ts'
import { ByteQueue } from './byte-queue.ts'
import { inflate } from './inflate.ts'
import { concealing, type Origin } from './origin.ts'
import { Watch } from './watch.ts'

/** The live exchange with a provider, from its response head on. */
export interface Exchange {
  readonly status: number
  /** Lower-case names; a repeated field is joined by `, `. */
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
  readonly dispatcher: Dispatcher
  readonly clock: Clock
}

/**
 * A pool per origin, without HTTP/2 (undici's leaks on abort), redirects, or timeouts of its own:
 * deadlines are ours (watch.ts).
 */
export function createDialer(clock: Clock): Dialer & { close(): Promise<void> } {
  const dispatcher = new Agent({
    allowH2: false,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    maxHeaderSize: 32_768,
    connect: { timeout: 120_000 },
  })
  return { dispatcher, clock, close: () => dispatcher.destroy() }
}

/**
 * One request to one target: resolves with the response head, whatever its status; the body is pulled.
 *
 * Throws `upstream_connect_failed`, `upstream_reset`, `upstream_malformed`, `provider_auth` (no
 * credential to be had), or the error of the deadline that passed. When `signal` aborts, throws its reason.
 */
export async function open(dialer: Dialer, target: Target, outgoing: Outgoing, signal: AbortSignal): Promise<Exchange> {
  const { provider } = target
  const fields = provider.credential.headers()
  const credential = fields instanceof Promise ? await unlessAborted(fields, signal) : fields
  signal.throwIfAborted()
  const { origin, path } = addressOf(provider, outgoing.path)
  const options: Dispatcher.DispatchOptions = {
    origin,
    path,
    method: outgoing.method,
    body: outgoing.body ?? null,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream, application/json',
      'accept-encoding': 'identity',
      'user-agent': 'sluice',
      ...provider.headers,
      ...outgoing.headers,
      ...credential,
    },
  }
  return new Call(dialer, target, credential).start(options, signal)
}

/** A token exchange may take long, and others may wait for the same one: who leaves only stops waiting. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const left = Promise.withResolvers<never>()
  const onAbort = (): void => left.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, left.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

type Fields = Readonly<Record<string, string>>

/** How long a response may go on after its end was said, before its connection is given up. */
const DRAIN_MS = 1_000

/** One exchange as undici reports it. */
class Call implements Dispatcher.DispatchHandler {
  readonly #dialer: Dialer
  readonly #provider: string
  readonly #target: Target
  readonly #fields: Fields
  readonly #queue: ByteQueue
  readonly #head = Promise.withResolvers<Exchange>()
  readonly #watch: Watch
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #aborted: SluiceError | undefined
  #unlink: (() => void) | undefined
  #ended = false
  #stopDraining: (() => void) | undefined

  constructor(dialer: Dialer, target: Target, fields: Fields) {
    this.#dialer = dialer
    this.#target = target
    this.#fields = fields
    this.#provider = target.provider.name
    this.#watch = new Watch(dialer.clock, target.deadlines, this.#provider, (error) => this.abort(error))
    this.#queue = new ByteQueue({ onReturn: () => this.#leave() })
  }

  start(options: Dispatcher.DispatchOptions, signal: AbortSignal): Promise<Exchange> {
    // Linked by hand: AbortSignal.any keeps about 2 KB per request on a long-lived signal (Node 20 to 26).
    const onAbort = (): void => this.abort(SluiceError.from(signal.reason, 'cancelled'))
    signal.addEventListener('abort', onAbort, { once: true })
    this.#unlink = () => signal.removeEventListener('abort', onAbort)
    this.#dialer.dispatcher.dispatch(options, this)
    return this.#head.promise
  }

  abort(reason: SluiceError): void {
    if (this.#aborted !== undefined) return
    this.#aborted = reason
    this.#settle(reason)
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted !== undefined) return controller.abort(this.#aborted)
    this.#watch.enter('head')
    this.#queue.attach(controller)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: RawHeaders): void {
    if (status < 200) return
    this.#status = status
    // undici keeps the raw fields, and with them the first read, as long as the response lasts.
    controller.rawHeaders = null
    this.#watch.enter('firstToken')
    const flat = flatten(headers)
    const { credential, dialect } = this.#target.provider
    const fields = this.#fields
    this.#head.resolve({
      status,
      headers: flat,
      bytes: inflate(this.#queue, flat['content-encoding'], this.#provider),
      watch: this.#watch,
      origin: { provider: this.#provider, dialect, conceal: concealing(fields, this.#target.provider) },
      isOutdated: (message) => credential.isOutdated?.(fields, status, message) === true,
      refuseKey: (retryAfterMs, isLimit) => credential.refused?.(fields, retryAfterMs, isLimit),
      drain: () => this.#drain(),
      abort: (reason) => this.abort(reason),
    })
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    this.#queue.push(bytes)
  }

  onResponseEnd(): void {
    this.#settle(undefined)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle(this.#aborted ?? explain(error, this.#provider, this.#status > 0))
  }

  #drain(): void {
    this.#watch.stop()
    if (this.#ended) return
    this.#stopDraining = this.#dialer.clock.after(DRAIN_MS, () => this.abort(new SluiceError('cancelled', 'drained')))
  }

  /** The reader of the body stopped early. */
  #leave(): void {
    if (this.#stopDraining === undefined && !this.#ended)
      this.abort(new SluiceError('cancelled', 'the body is no longer wanted'))
  }

  #settle(error: SluiceError | undefined): void {
    this.#ended = true
    this.#stopDraining?.()
    this.#unlink?.()
    this.#unlink = undefined
    this.#watch.stop()
    this.#queue.finish(error)
    if (error !== undefined) this.#head.reject(error)
  }
}

type RawHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

function flatten(headers: RawHeaders): Record<string, string> {
  const flat: Record<string, string> = Object.create(null)
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return flat
}

/** undici's and the system's errors in our words. Their messages may name addresses, never keys. */
function explain(error: Error, provider: string, headSeen: boolean): SluiceError {
  const code = codeOf(error)
  const facts = { provider, cause: error }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW')
    return new SluiceError('upstream_malformed', `${provider}: the response is not valid HTTP (${code})`, facts)
  if (headSeen)
    return new SluiceError('upstream_reset', `${provider}: the connection broke in mid-response (${code})`, facts)
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE')
    return new SluiceError('upstream_reset', `${provider}: the connection broke before a response (${code})`, facts)
  return new SluiceError('upstream_connect_failed', `${provider}: no connection (${code})`, facts)
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.name : 'unknown'
}

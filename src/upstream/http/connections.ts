import type { Buffer } from 'node:buffer'
import type { Clock } from '../../clock.ts'
import { SluiceError } from '../../errors.ts'
import { Connection, type ExchangeSink, type Keeper } from './connection.ts'
import type { Place, Secrets } from './socket.ts'

/** How often idle connections are looked at, in milliseconds. */
const SWEEP = 1_000

/** What connections are made with. */
export interface ConnectionOptions {
  /** Certificates to trust instead of Node's own, as PEM. */
  readonly ca?: string | undefined
}

/**
 * All connections to providers, by origin: a request takes the one that was free last, or a new one. Without
 * pipelining, HTTP/2, redirects or deadlines: these are the caller's.
 */
export class Connections {
  readonly #clock: Clock
  readonly #options: ConnectionOptions
  readonly #origins = new Map<string, Origin>()
  #stopSweeping: (() => void) | undefined
  #isClosed = false

  constructor(clock: Clock, options: ConnectionOptions = {}) {
    this.#clock = clock
    this.#options = options
  }

  /** Sends a request to an origin (`https://api.example.com:8443`). What becomes of it goes to `sink`. */
  send(origin: string, request: string, sink: ExchangeSink): Connection {
    let known = this.#origins.get(origin)
    if (known === undefined) {
      known = new Origin(placeOf(origin), this.#options, this.#clock, () => this.#sweepLater())
      this.#origins.set(origin, known)
    }
    const connection = known.take()
    connection.send(request, sink)
    if (this.#isClosed) connection.fail(new SluiceError('cancelled', 'the connections were closed'))
    return connection
  }

  /** Ends all of them; what is under way fails. */
  close(): void {
    this.#isClosed = true
    this.#stopSweeping?.()
    for (const origin of this.#origins.values()) origin.close()
  }

  #sweepLater(): void {
    this.#stopSweeping ??= this.#clock.after(SWEEP, () => this.#sweep())
  }

  #sweep(): void {
    this.#stopSweeping = undefined
    let idle = 0
    for (const [name, origin] of this.#origins) {
      idle += origin.sweep(this.#clock.now())
      if (origin.isEmpty) this.#origins.delete(name)
    }
    if (idle > 0) this.#sweepLater()
  }
}

/** The connections to one origin. */
class Origin implements Keeper {
  readonly #place: Place
  readonly #clock: Clock
  readonly #onIdle: () => void
  readonly #all = new Set<Connection>()
  /** The one that was used last is at the end. */
  #idle: Connection[] = []
  #secrets: Secrets

  constructor(place: Place, options: ConnectionOptions, clock: Clock, onIdle: () => void) {
    this.#place = place
    this.#secrets = { ca: options.ca }
    this.#clock = clock
    this.#onIdle = onIdle
  }

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  take(): Connection {
    const now = this.#clock.now()
    for (let free = this.#idle.pop(); free !== undefined; free = this.#idle.pop()) {
      if (free.idleUntil > now && free.isOpen) return free
      free.destroy()
    }
    const made = new Connection(this.#place, this.#secrets, this)
    this.#all.add(made)
    return made
  }

  idle(connection: Connection, forMs: number): void {
    connection.idleUntil = this.#clock.now() + forMs
    this.#idle.push(connection)
    this.#onIdle()
  }

  gone(connection: Connection): void {
    this.#all.delete(connection)
    const at = this.#idle.lastIndexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
  }

  session(session: Buffer): void {
    this.#secrets = { ...this.#secrets, session }
  }

  /** Lets go of those that were idle for too long. Returns how many are left. */
  sweep(now: number): number {
    const [kept, over] = [
      this.#idle.filter((one) => one.idleUntil > now),
      this.#idle.filter((one) => one.idleUntil <= now),
    ]
    this.#idle = kept
    for (const connection of over) connection.destroy()
    return kept.length
  }

  close(): void {
    for (const connection of this.#all) connection.fail(new SluiceError('cancelled', 'the connections were closed'))
  }
}

function placeOf(origin: string): Place {
  const { protocol, hostname, port } = new URL(origin)
  const isSecure = protocol === 'https:'
  const standard = isSecure ? 443 : 80
  return { isSecure, host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? standard : Number(port) }
}

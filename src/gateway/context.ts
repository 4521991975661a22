import type { Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StreamLog } from '../log/stream-log.ts'
import type { PriceList } from '../provider/price-list.ts'
import type { Breakers } from '../upstream/breakers.ts'
import type { Dialer } from '../upstream/open.ts'
import type { AnswerIndex } from './cache.ts'
import type { Admission } from './admission.ts'
import type { Chats } from './chats.ts'
import type { Clients } from './clients.ts'
import type { Flights } from './flights.ts'
import type { History } from './history.ts'
import type { Keys } from './keys.ts'
import type { LiveStreams } from './live.ts'
import type { ModelDirectory } from './model-facts.ts'
import type { Metrics } from './metrics.ts'
import type { Page } from './page.ts'
import type { Sessions } from './sessions.ts'
import type { ConfigAge } from './reload.ts'
import type { Tickets } from './tickets.ts'
import type { Accounts } from './usage.ts'

/** Where the gateway writes its records. pino's shape. */
export interface Logger {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What every part of a gateway shares. Time, randomness and the network come in here. */
export interface GatewayContext {
  /** Replaced whole when it is read again: what must stay the same within a request is taken from it once. */
  config: GatewayConfig
  readonly configAge: ConfigAge
  readonly log: StreamLog
  readonly ledger: Ledger
  readonly live: LiveStreams
  readonly dialer: Dialer
  readonly breakers: Breakers
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** A new, unguessable stream id (PROTOCOL 5). */
  readonly newStreamId: () => string
  readonly newRequestId: () => string
  /** A cryptographic hash, as text. */
  readonly hash: (bytes: Uint8Array) => string
  readonly logger: Logger
  readonly metrics: Metrics
  /** The last hour and day, for the operator's page. */
  readonly history: History
  readonly tickets: Tickets
  /** The chat page; `undefined` where none is served. */
  readonly page: Page | undefined
  /** What providers tell of their models. */
  readonly models: ModelDirectory
  /** What was said in chats that are known by an id. */
  readonly chats: Chats
  /** Who may call: programs with tokens, */
  clients: Clients
  /** and keys. */
  readonly keys: Keys
  /** Whose page it is, where it needs a key. */
  readonly sessions: Sessions
  /** Answers that may be given again, */
  readonly cache: AnswerIndex
  /** and those under way that equal requests may join. */
  readonly flights: Flights
  /** Limits and budgets. */
  readonly admission: Admission
  /** What models cost. */
  readonly prices: PriceList
  /** What streams use and cost. */
  readonly accounts: Accounts
  /** Seconds since 1970. */
  readonly startedAt: number
  /** Set when the gateway is going down: no new streams. */
  draining: boolean
}

/** Throws `shutting_down` once the gateway takes no new work. */
export function refuseWhenDraining(context: GatewayContext): void {
  if (context.draining) {
    throw new SluiceError('shutting_down', 'The gateway is shutting down; try again', { retryAfterMs: 1_000 })
  }
}

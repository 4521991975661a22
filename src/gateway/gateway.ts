import { systemClock, type Clock } from '../clock.ts'
import type { GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StreamLog } from '../log/stream-log.ts'
import { PriceList, type PriceBook } from '../provider/price-list.ts'
import { Breakers } from '../upstream/breakers.ts'
import { createDialer } from '../upstream/open.ts'
import { createAdmission } from './admission-create.ts'
import { AnswerIndex } from './cache.ts'
import { Chats } from './chats.ts'
import { Clients, type DeriveKey, type MacKey } from './clients.ts'
import { KeyBook, type KeyDigest } from '../ledger/key-book.ts'
import type { GatewayContext, Logger } from './context.ts'
import { Flights } from './flights.ts'
import { History } from './history.ts'
import type { Transport } from './http.ts'
import { newRequestId, newStreamId } from './ids.ts'
import { LiveStreams } from './live.ts'
import { createMetrics } from './metrics.ts'
import { addGauges, type AddGauges } from './metrics-gauges.ts'
import type { Page } from './page.ts'
import { ModelDirectory } from './model-facts.ts'
import { Keys, revoked } from './keys.ts'
import { applyConfig } from './reload.ts'
import { createApps } from './router.ts'
import { takeUp, type Orphan } from './take-up.ts'
import { Sessions } from './sessions.ts'
import { Tickets } from './tickets.ts'
import { Accounts, type CountTokens } from './usage.ts'

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly config: GatewayConfig
  readonly log: StreamLog
  /** Which request started which stream. */
  readonly ledger: Ledger
  /** A cryptographic hash, as text. */
  readonly hash: (bytes: Uint8Array) => string
  /** Streams whose producer died with the last process. */
  readonly orphans?: readonly Orphan[]
  /** Needed where the configuration has clients. */
  readonly deriveKey?: DeriveKey
  /** Needed where there are keys. */
  readonly keyDigest?: KeyDigest
  /** Needed where the page is to be used with keys: signs its sessions, and nothing else. */
  readonly sessionKey?: () => MacKey
  readonly logger: Logger
  /** The chat page at `/`; none is served unless told. */
  readonly page?: Page
  readonly clock?: Clock
  /** In [0, 1). */
  readonly random?: () => number
  /** Counts tokens where a provider told none; without it they are estimated by the length of the text. */
  readonly countTokens?: CountTokens
  /**
   * Loads what list prices are looked up in; asked once there is a provider that bills. Until it is there, and
   * without it, prices are those that ship with the source.
   */
  readonly priceBook?: () => Promise<PriceBook>
  /** Figures of the process, to be added to the metrics. */
  readonly gauges?: readonly AddGauges[]
}

/** The gateway without a server: requests in, responses out. */
export interface Gateway {
  fetch(request: Request, transport: Transport): Response | Promise<Response>
  /** The same for a listener of the operator's own, where the configuration has one (`admin`); else it is `fetch`. */
  fetchAdmin(request: Request, transport: Transport): Response | Promise<Response>
  /** Streams that are being produced now. */
  readonly openStreams: number
  /** Who may call. */
  readonly keys: Keys
  /** Whether everybody who reaches it may call. */
  readonly isOpen: boolean
  /**
   * Goes on with another configuration; open streams keep theirs. `check`: whether everybody who reaches the
   * gateway may call then; what it throws is thrown, and nothing changes.
   */
  reload(config: GatewayConfig, check: (isOpen: boolean) => void): void
  /** Another configuration was to be used, and could not be. */
  reloadFailed(): void
  /**
   * Takes no new streams, lets the open ones finish for up to `limitMs`, then ends the rest with an
   * error event, and closes the log. Never throws; a second call waits for the first.
   */
  shutdown(limitMs: number): Promise<void>
}

/**
 * Creates a gateway.
 *
 * @example
 * const gateway = createGateway({ config, log, ledger, hash, logger })
 */
export function createGateway(options: GatewayOptions): Gateway {
  const clock = options.clock ?? systemClock
  const dialer = createDialer(clock)
  const prices = new PriceList(() => context.config.prices)
  const context: GatewayContext = {
    config: options.config,
    configAge: { loadedAt: clock.date(), failedAt: undefined },
    log: options.log,
    ledger: options.ledger,
    hash: options.hash,
    live: new LiveStreams(),
    dialer,
    breakers: new Breakers(clock),
    clock,
    random: options.random ?? Math.random,
    newStreamId,
    newRequestId,
    logger: options.logger,
    metrics: createMetrics((model) => context.config.routes.has(model)),
    history: new History(clock),
    prices,
    accounts: createAccounts(options, clock, prices, () => context),
    tickets: new Tickets(clock),
    page: options.page,
    models: new ModelDirectory(dialer),
    chats: new Chats(clock),
    clients: new Clients(options.config.auth, options.deriveKey, clock),
    keys: new Keys(keyBook(options, clock), clock),
    cache: new AnswerIndex({ table: options.ledger.cache, log: options.log, clock, config: () => context.config }),
    flights: new Flights(),
    admission: createAdmission(options.ledger.budgets, clock, () => context),
    sessions: new Sessions(options.sessionKey, clock),
    startedAt: Math.floor(clock.date() / 1_000),
    draining: false,
  }
  begin(context, options)
  const { app, admin } = createApps(context)
  let down: Promise<void> | undefined
  return {
    fetch: (request, transport) => app.fetch(request, transport),
    fetchAdmin: (request, transport) => admin.fetch(request, transport),
    keys: context.keys,
    get isOpen() {
      return context.clients.isOpen && !context.keys.isRequired
    },
    reload(config, check) {
      const clients = new Clients(config.auth, options.deriveKey, clock)
      check(clients.isOpen && !context.keys.isRequired)
      applyConfig(context, config, clients)
      prices.loadWhenBilled(options.priceBook, config.providers.values())
    },
    reloadFailed: () => void (context.configAge.failedAt = clock.date()),
    get openStreams() {
      return context.live.count
    },
    shutdown: (limitMs) => (down ??= shutDown(context, limitMs).then(() => dialer.close())),
  }
}

/** What goes on from the start, without being asked. */
function begin(context: GatewayContext, { gauges, priceBook, config, orphans }: GatewayOptions): void {
  addGauges(context, gauges ?? [])
  context.prices.loadWhenBilled(priceBook, config.providers.values())
  context.keys.watch(() => endRevoked(context))
  for (const orphan of orphans ?? []) void takeUp(context, orphan)
}

function keyBook({ ledger, keyDigest }: GatewayOptions, clock: Clock): KeyBook {
  const none = (): never => {
    throw new SluiceError('log_unavailable', 'This gateway was given no way to check keys')
  }
  return new KeyBook(ledger.keys, keyDigest ?? { fingerprint: none, mac: none }, () => clock.date())
}

/** A revoked key's open streams end in the middle, and say why. */
function endRevoked({ keys, live }: GatewayContext): void {
  for (const owner of live.owners()) if (!keys.isAlive(owner)) live.cancelOwner(owner, revoked())
}

/** What streams cost: told to the metrics and to budgets when it will not change any more. */
function createAccounts(
  { log, ledger, countTokens }: GatewayOptions,
  clock: Clock,
  prices: PriceList,
  contextOf: () => GatewayContext,
): Accounts {
  return new Accounts({
    prices,
    log,
    clock,
    table: ledger.usage,
    countTokens,
    onCharged(row) {
      const { metrics, admission, history } = contextOf()
      metrics.charged(row)
      history.charged(row)
      if (row.unpriced === 0) admission.correct(row.stream, row.nanoDollars)
    },
  })
}

async function shutDown(context: GatewayContext, limitMs: number): Promise<void> {
  context.draining = true
  const limit = Promise.withResolvers<void>()
  const stop = context.clock.after(limitMs, limit.resolve)
  await Promise.race([context.live.idle(), limit.promise])
  stop()
  context.live.cancelAll(new SluiceError('shutting_down', 'The gateway is shutting down; resume the stream later'))
  await context.live.idle()
  context.keys.stop()
  await context.accounts.idle()
  await context.log.close()
  context.ledger.close()
}

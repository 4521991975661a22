import { createHash } from 'node:crypto'
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { GatewayConfig, ServerConfig } from '../config/config.ts'
import type { ConfigSource } from '../config/reload.ts'
import { SluiceError } from '../errors.ts'
import type { Logger } from '../gateway/context.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { Caller } from './caller.ts'
import { deriveKey } from './derive-key.ts'
import { createKeyDigest } from './key-digest.ts'
import { createLogger } from './logger.ts'
import { openStores } from './open-stores.ts'
import { createPage } from './page.ts'
import { createSessionKey } from './session-key.ts'
import { isLoopback, refuseUnguarded } from './reach.ts'
import { Heartbeats } from './send.ts'
import { startTelemetry } from './telemetry-parts.ts'
import { Reloader } from './reload.ts'
import { refuseBadTarget } from './strict.ts'

/** What a server is made of. */
export interface ServeOptions {
  readonly config: GatewayConfig
  /** pino on standard error unless told. */
  readonly logger?: Logger
  /** The file that the configuration came from: it is read again when it changes. */
  readonly file?: { readonly source: ConfigSource; readonly text: string } | undefined
}

/** A gateway that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:8787` */
  readonly url: string
  readonly port: number
  /** Where the operator's routes are, if they have a listener of their own. */
  readonly adminUrl?: string | undefined
  readonly gateway: Gateway
  /** Readiness off, open streams finish up to the configured limit, then end with an error event. */
  shutdown(): Promise<void>
  /** Resolves when the server is down. */
  readonly closed: Promise<void>
  /** Reads the configuration's file again; resolves when it is in use or refused. Absent where there is no file. */
  readonly reload?: (() => Promise<void>) | undefined
}

/**
 * Starts a gateway on a socket. Rejects with the system's error when the address cannot be had, with
 * what the log throws when its folder cannot, and with `config_invalid` when other machines could reach it
 * and it asks for no key.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { config } = options
  let { secrets } = config
  const logger = options.logger ?? createLogger(() => secrets)
  const say = (line: string): void => void process.stderr.write(`sluice: ${line}\n`)
  const stores = await openStores(config.log, config.usageRetention)
  const telemetry = await startTelemetry(process.env, say)
  const page = createPage(say)
  const keyDigest = createKeyDigest({ dir: config.log.dir, configured: config.keySecret })
  const sessionKey = createSessionKey({ dir: config.log.dir, configured: config.keySecret })
  const given = { hash, deriveKey, keyDigest, sessionKey, logger, page, ...telemetry.options }
  const gateway = createGateway({ config, ...stores, ...given })
  const heartbeats = new Heartbeats(config.server.heartbeat)
  try {
    refuseUnguarded(config, gateway.isOpen)
  } catch (error) {
    await gateway.shutdown(0)
    throw error
  }
  const server = createServer(
    HTTP_LIMITS,
    listener((...call) => gateway.fetch(...call), config.server, heartbeats),
  )
  await listen(server, config.server.port, config.server.host)
  const { port } = addressOf(server)
  const admin = await serveAdmin(gateway, config, heartbeats).catch(async (error) => {
    server.close()
    await gateway.shutdown(0)
    throw error
  })
  const closed = Promise.withResolvers<void>()
  let down: Promise<void> | undefined
  const reloader = reloaderOf(options, gateway, logger, (next) => (secrets = next))
  const shutdown = async (): Promise<void> => {
    reloader?.close()
    admin?.server.close()
    server.close(() => closed.resolve())
    server.closeIdleConnections()
    await gateway.shutdown(config.server.shutdownTimeout)
    await telemetry.stop()
    heartbeats.stop()
    server.closeIdleConnections()
    admin?.server.closeAllConnections()
    setTimeout(() => server.closeAllConnections(), 1_000).unref()
    await closed.promise
  }
  const url = urlOf(config.server.host, port)
  const end = (): Promise<void> => (down ??= shutdown())
  const reload = reloader === undefined ? undefined : () => reloader.reload()
  return { url, port, adminUrl: admin?.url, gateway, shutdown: end, closed: closed.promise, reload }
}

function reloaderOf(
  { file }: ServeOptions,
  gateway: Gateway,
  logger: Logger,
  conceal: (secrets: readonly string[]) => void,
): Reloader | undefined {
  if (file === undefined) return undefined
  return new Reloader(file.source, file.text, {
    logger,
    apply(next) {
      conceal(next.secrets)
      gateway.reload(next, (isOpen) => refuseUnguarded(next, isOpen))
    },
    failed: () => gateway.reloadFailed(),
  })
}

/** The operator's listener, where one is configured. */
async function serveAdmin(
  gateway: Gateway,
  config: GatewayConfig,
  heartbeats: Heartbeats,
): Promise<{ readonly server: Server; readonly url: string } | undefined> {
  if (config.admin === undefined) return undefined
  const { host, port } = config.admin
  const server = createServer(
    HTTP_LIMITS,
    listener((...call) => gateway.fetchAdmin(...call), { ...config.server, host }, heartbeats),
  )
  await listen(server, port, host)
  return { server, url: urlOf(host, addressOf(server).port) }
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

/** A header block must be here after 10 s and a whole request after 30 s: a slow sender holds nothing up. */
const HTTP_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16_384,
} as const

type Listener = (request: IncomingMessage, response: ServerResponse) => void

function listener(fetch: Gateway['fetch'], config: ServerConfig, heartbeats: Heartbeats): Listener {
  const allowedHosts = hostNames(config)
  const answer = getRequestListener(
    (request, { incoming, outgoing }) => {
      if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse))
        throw new SluiceError('internal', 'HTTP/2 is not served here')
      return fetch(request, new Caller(incoming, outgoing, heartbeats, config.readerPatience))
    },
    { overrideGlobalObjects: false },
  )
  return (request, response) => {
    try {
      refuseBadTarget(request, allowedHosts)
    } catch (error) {
      return refuse(response, SluiceError.from(error))
    }
    void answer(request, response)
  }
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * The names by which we may be addressed. On loopback that is a closed list, so that a web page
 * cannot reach us under a name of its own (DNS rebinding); elsewhere any, unless some are configured.
 */
function hostNames({ host, allowedHosts }: GatewayConfig['server']): ReadonlySet<string> {
  const name = host.includes(':') ? `[${host}]` : host.toLowerCase()
  if (!isLoopback(host) && allowedHosts.length === 0) return new Set()
  return new Set([...LOOPBACK, name, ...allowedHosts.map((allowed) => allowed.toLowerCase())])
}

/** An answer to a request that is not even routed; the connection is not trusted any further. */
function refuse(response: ServerResponse, error: SluiceError): void {
  const body = JSON.stringify(error.toEnvelope())
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function addressOf(server: Server): AddressInfo {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new SluiceError('internal', 'the server has no address')
  return address
}

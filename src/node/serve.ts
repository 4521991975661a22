import { createHash } from 'node:crypto'
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { Logger } from '../gateway/context.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { CALLER_LEFT, type Transport } from '../gateway/http.ts'
import { deriveKey } from './derive-key.ts'
import { createLogger } from './logger.ts'
import { openStores } from './open-stores.ts'
import { createPage } from './page.ts'
import { readBody } from './read-body.ts'
import { Heartbeats, sendStream } from './send.ts'
import { refuseBadTarget } from './strict.ts'

/** What a server is made of. */
export interface ServeOptions {
  readonly config: GatewayConfig
  /** pino on standard error unless told. */
  readonly logger?: Logger
}

/** A gateway that listens. */
export interface RunningServer {
  /** `http://127.0.0.1:8787` */
  readonly url: string
  readonly port: number
  readonly gateway: Gateway
  /** Readiness off, open streams finish up to the configured limit, then end with an error event. */
  shutdown(): Promise<void>
  /** Resolves when the server is down. */
  readonly closed: Promise<void>
}

/**
 * Starts a gateway on a socket. Rejects with the system's error when the address cannot be had, or
 * with what the log throws when its folder cannot.
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { config } = options
  const logger = options.logger ?? createLogger(config.secrets)
  const stores = await openStores(config.log)
  const page = createPage((line) => void process.stderr.write(`sluice: ${line}\n`))
  const gateway = createGateway({ config, ...stores, hash, deriveKey, logger, page })
  const heartbeats = new Heartbeats(config.server.heartbeat)
  const server = createServer(
    // A header block must be here after 10 s and a whole request after 30 s: a slow sender holds nothing up.
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    listener(gateway, config, heartbeats),
  )
  await listen(server, config.server.port, config.server.host)
  const { port } = addressOf(server)
  const closed = Promise.withResolvers<void>()
  let down: Promise<void> | undefined
  const shutdown = async (): Promise<void> => {
    server.close(() => closed.resolve())
    server.closeIdleConnections()
    await gateway.shutdown(config.server.shutdownTimeout)
    heartbeats.stop()
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 1_000).unref()
    await closed.promise
  }
  const host = config.server.host.includes(':') ? `[${config.server.host}]` : config.server.host
  return { url: `http://${host}:${port}`, port, gateway, shutdown: () => (down ??= shutdown()), closed: closed.promise }
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

type Listener = (request: IncomingMessage, response: ServerResponse) => void

function listener(gateway: Gateway, config: GatewayConfig, heartbeats: Heartbeats): Listener {
  const allowedHosts = hostNames(config.server)
  const answer = getRequestListener(
    (request, { incoming, outgoing }) => {
      if (!(incoming instanceof IncomingMessage && outgoing instanceof ServerResponse))
        throw new SluiceError('internal', 'HTTP/2 is not served here')
      return gateway.fetch(request, transport(incoming, outgoing, heartbeats, config.server.readerPatience))
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

function transport(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  heartbeats: Heartbeats,
  patienceMs: number,
): Transport {
  const abort = new AbortController()
  // `close` on the request does not fire for a POST whose body was read; the response's does.
  outgoing.on('close', () => abort.abort(CALLER_LEFT))
  return {
    signal: abort.signal,
    body: (limit) => readBody(incoming, limit),
    send(reply) {
      void sendStream(outgoing, reply, heartbeats, incoming.method !== 'HEAD', patienceMs)
      return RESPONSE_ALREADY_SENT
    },
  }
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/**
 * The names by which we may be addressed. On loopback that is a closed list, so that a web page
 * cannot reach us under a name of its own (DNS rebinding); elsewhere any, unless some are configured.
 */
function hostNames({ host, allowedHosts }: GatewayConfig['server']): ReadonlySet<string> {
  const name = host.includes(':') ? `[${host}]` : host.toLowerCase()
  const isLoopback = LOOPBACK.includes(name) || name.startsWith('127.')
  if (!isLoopback && allowedHosts.length === 0) return new Set()
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

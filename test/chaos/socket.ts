import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import type { Random } from './random.ts'

/** One request over a socket of its own. */
export interface SocketRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Decides how the reader leaves, and from which of our addresses it comes. */
  readonly random: Random
}

/** A response that is being read from a socket. */
export interface SocketConnection {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** What has arrived since; `end` after an orderly end, `cut` after any other. */
  read(): Promise<Uint8Array | 'end' | 'cut'>
  /** Closes the socket, by FIN or RST, whatever is on its way. */
  leave(): void
}

/**
 * Many short connections in a minute would use up the ports of one address. Only loopback has more
 * than one on every Linux.
 */
const ADDRESSES = process.platform === 'linux' ? 200 : 1

/** Sends a request; resolves with the response head. Rejects with the socket's error when there is none. */
export function request(url: string, options: SocketRequest): Promise<SocketConnection> {
  const { method = 'GET', headers = {}, body, random } = options
  const localAddress = `127.0.0.${1 + random.below(ADDRESSES)}`
  // Not kept alive: to leave is to close the connection.
  const agent = new Agent({ keepAlive: false })
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, agent, localAddress })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => resolve(toConnection(incoming, random)))
    outgoing.end(body)
  })
}

function toConnection(incoming: IncomingMessage, random: Random): SocketConnection {
  let wake: (() => void) | undefined
  const stir = (): void => wake?.()
  for (const event of ['readable', 'end', 'close', 'error']) incoming.on(event, stir)
  const read = async (): Promise<Uint8Array | 'end' | 'cut'> => {
    for (;;) {
      const bytes: unknown = incoming.read()
      if (bytes instanceof Uint8Array) return bytes
      if (incoming.readableEnded) return 'end'
      if (incoming.destroyed) return 'cut'
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    read,
    leave: () => {
      // Node leaks the handle of a socket that is reset while it is being shut down.
      if (!incoming.complete && random.chance(0.5)) incoming.socket.resetAndDestroy()
      else incoming.destroy()
    },
  }
}

/** The whole body as text. Rejects when it was cut. */
export async function readAll(connection: SocketConnection): Promise<string> {
  const parts: Uint8Array[] = []
  for (;;) {
    const bytes = await connection.read()
    if (bytes === 'cut') throw new Error('the response was cut')
    if (bytes === 'end') return Buffer.concat(parts).toString()
    parts.push(bytes)
  }
}

import { readFileSync } from 'node:fs'
import { createServer as createPlain, type Server as NetServer, type Socket } from 'node:net'
import { createServer as createSecure } from 'node:tls'

const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')

/** For `localhost` and 127.0.0.1, signed by itself. */
export const CERTIFICATE: string = fixture('localhost-cert.pem')

/** A server that speaks bytes. */
export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, or https. */
  readonly origin: string
  readonly port: number
  /** All connections that were made, in order. */
  readonly sockets: readonly Socket[]
  /** Those that are open. */
  readonly open: number
  /** Stops listening and ends all connections. */
  close(): Promise<void>
}

/** How a server is started. */
export interface ServerOptions {
  readonly isSecure?: boolean
  /** 127.0.0.1 unless told. */
  readonly host?: string
  readonly port?: number
}

/** Starts a real server on a free port. */
export async function startServer(
  onConnection: (socket: Socket, nth: number) => void,
  { isSecure = false, host = '127.0.0.1', port = 0 }: ServerOptions = {},
): Promise<Server> {
  const sockets: Socket[] = []
  const connected = (socket: Socket): void => {
    socket.on('error', () => undefined)
    sockets.push(socket)
    onConnection(socket, sockets.length - 1)
  }
  const server: NetServer = isSecure
    ? createSecure({ key: fixture('localhost-key.pem'), cert: CERTIFICATE }, connected)
    : createPlain(connected)
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a server on a port has no such address')
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return {
    origin: `${isSecure ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    sockets,
    get open() {
      return sockets.filter((socket) => !socket.destroyed).length
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** One request as it came, and its number on its connection. */
export interface Asked {
  readonly path: string
  readonly text: string
  readonly nth: number
}

/** Calls back for each whole request that a client sends. */
export function onRequests(socket: Socket, onRequest: (asked: Asked) => void | Promise<void>): void {
  let waiting = ''
  let nth = 0
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    waiting += text
    for (;;) {
      const head = waiting.indexOf('\r\n\r\n')
      if (head === -1) return
      const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(waiting.slice(0, head + 2))?.[1] ?? 0)
      const end = head + 4 + length
      if (waiting.length < end) return
      const request = waiting.slice(0, end)
      waiting = waiting.slice(end)
      void onRequest({ path: request.split(' ', 2)[1] ?? '', text: request, nth: nth++ })
    }
  })
}

/** Starts a server that answers each request with the text, or does with the socket what it likes. */
export function startAnswering(
  answer: string | ((asked: Asked, socket: Socket, connection: number) => string | undefined),
  options: ServerOptions = {},
): Promise<Server> {
  return startServer((socket, connection) => {
    onRequests(socket, (asked) => {
      const text = typeof answer === 'string' ? answer : answer(asked, socket, connection)
      if (text !== undefined) socket.write(text, 'latin1')
    })
  }, options)
}

/** A response with a length. */
export const plainly = (body: string, fields = ''): string =>
  `HTTP/1.1 200 OK\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`

/** One with chunks. */
export const inChunks = (...chunks: readonly string[]): string =>
  `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.map((one) => `${one.length.toString(16)}\r\n${one}\r\n`).join('')}0\r\n\r\n`

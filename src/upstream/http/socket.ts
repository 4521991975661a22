import type { Buffer } from 'node:buffer'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure, type TLSSocket } from 'node:tls'

/** Where to connect to. */
export interface Place {
  readonly isSecure: boolean
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  readonly port: number
}

/** What a connection over TLS is made with. */
export interface Secrets {
  readonly ca?: string | undefined
  readonly session?: Buffer | undefined
}

/** Where all reads go, and who is told of each. */
interface OnRead {
  readonly buffer: Buffer
  callback(count: number): boolean
}

type OnSession = (session: Buffer) => void

/** How long a connection is silent before the system asks whether the other side is still there, in milliseconds. */
const KEEP_ALIVE_DELAY = 60_000

/** Begins to connect. `onSession` is given what makes the next handshake shorter, over TLS. */
export function connect(place: Place, secrets: Secrets, onread: OnRead, onSession: OnSession): Socket {
  return place.isSecure ? secure(place, secrets, onread, onSession) : plain(place, onread)
}

function plain({ host, port }: Place, onread: OnRead): Socket {
  return connectPlain({ host, port, onread, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY })
}

function secure({ host, port }: Place, { ca, session }: Secrets, onread: OnRead, onSession: OnSession): TLSSocket {
  const options = {
    host,
    port,
    onread,
    servername: isIP(host) === 0 ? host : '',
    ALPNProtocols: ['http/1.1'],
    ...(ca === undefined ? {} : { ca }),
    ...(session === undefined ? {} : { session }),
  }
  const socket = connectSecure(options)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY)
  socket.on('session', onSession)
  return socket
}

import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy that can be told to cut its connections. */
export interface Proxy extends AsyncDisposable {
  readonly port: number
  /** Connections that were made so far. */
  readonly connections: number
  /** Cuts each connection after so many bytes of the answer, from now on; Infinity cuts none. */
  cutAfter: number
  /** How: by a reset, or by an end that looks orderly. */
  how: 'reset' | 'end'
  /** Lets nobody in while true. */
  isDown: boolean
  /** Cuts what is open now. */
  cutNow(): void
}

/** Starts a proxy in front of a port of this machine. */
export async function startProxy(target: number): Promise<Proxy> {
  const open = new Set<Socket>()
  let connections = 0
  const cut = (client: Socket, how: Proxy['how']): void =>
    void (how === 'reset' ? client.resetAndDestroy() : client.end())
  const server = createServer((client) => {
    connections++
    if (proxy.isDown) return void client.resetAndDestroy()
    const upstream = connect(target, '127.0.0.1')
    open.add(client)
    let left = proxy.cutAfter
    client.on('data', (bytes) => upstream.write(bytes))
    upstream.on('data', (data) => {
      const bytes = Buffer.from(data)
      if (bytes.length >= left) {
        client.write(bytes.subarray(0, left), () => cut(client, proxy.how))
        left = 0
        upstream.destroy()
      } else {
        left -= bytes.length
        client.write(bytes)
      }
    })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(client)
        other.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const proxy: Proxy = {
    port,
    get connections() {
      return connections
    },
    cutAfter: Infinity,
    how: 'reset',
    isDown: false,
    cutNow() {
      for (const client of open) cut(client, proxy.how)
    },
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}

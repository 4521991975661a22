import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { ProviderStream } from './provider-stream.ts'
import type { Counters, Sent } from './provider-stream.ts'
import { Wheel } from './wheel.ts'
import { readPlan } from './wire.ts'

/**
 * An OpenAI-compatible provider over raw sockets, just enough HTTP/1.1 to be cheap: it shares its core
 * with the load generator, and both must leave that core unsaturated.
 */
export class Provider {
  readonly #server: Server
  readonly #wheel = new Wheel()
  readonly #streams = new Set<ProviderStream>()
  readonly #sockets = new Set<Socket>()
  readonly #sent = new Map<number, Sent>()
  readonly #counters: Counters = { tokens: 0, withheld: 0 }

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Listens on a free port of 127.0.0.1. */
  static async listen(): Promise<Provider> {
    const provider = new Provider()
    await new Promise<void>((resolve, reject) => {
      provider.#server.once('error', reject)
      provider.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve)
    })
    return provider
  }

  get port(): number {
    // A listening TCP server's address is never a pipe name or null.
    return (this.#server.address() as AddressInfo).port
  }

  /** Tokens written since the start, and those a full socket did not take. Late ones are not offered. */
  get offered(): number {
    return this.#counters.tokens + this.#counters.withheld
  }

  /** What was written into a finished stream. Given out once. */
  takeSent(key: number): Sent | undefined {
    const sent = this.#sent.get(key)
    this.#sent.delete(key)
    return sent
  }

  /** Starts the pacing. Until then a stream gets its first token and no more. */
  pace(): void {
    this.#wheel.start()
  }

  /** Ends every paced stream now, properly. */
  finish(): void {
    for (const stream of this.#streams) stream.finish()
    this.#wheel.hurry()
  }

  async close(): Promise<void> {
    this.#wheel.stop()
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    let pending = ''
    let current: ProviderStream | undefined
    this.#sockets.add(socket)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      pending += text
      if (!isWhole(pending)) return
      current = this.#begin(pending, socket)
      pending = ''
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (current !== undefined) this.#drop(current)
    })
  }

  #begin(request: string, socket: Socket): ProviderStream | undefined {
    const plan = readPlan(request)
    if (plan === undefined) {
      socket.write('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      return undefined
    }
    const stream = new ProviderStream(
      plan,
      socket,
      request.includes('"include_usage":true'),
      this.#counters,
      this.#ended,
    )
    stream.open()
    if (plan.interval === 0) {
      stream.rush()
      return undefined
    }
    this.#streams.add(stream)
    this.#wheel.add(stream)
    return stream
  }

  readonly #ended = (stream: ProviderStream, sent: Sent): void => {
    this.#sent.set(stream.key, sent)
    this.#drop(stream)
  }

  #drop(stream: ProviderStream): void {
    if (this.#streams.delete(stream)) this.#wheel.remove(stream)
  }
}

/** Whether head and body have arrived. One request at a time: nobody who calls us pipelines. */
function isWhole(request: string): boolean {
  const headEnd = request.indexOf('\r\n\r\n')
  if (headEnd < 0) return false
  const length = /\r\ncontent-length: *(\d+)/i.exec(request.slice(0, headEnd + 2))
  if (length !== null) return request.length - headEnd - 4 >= Number(length[1])
  return !/\r\ntransfer-encoding: *chunked/i.test(request.slice(0, headEnd + 2)) || request.endsWith('\r\n0\r\n\r\n')
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as the server saw it. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Resolves when the exchange has ended, with whether the client cut it. */
  readonly closed: Promise<boolean>
}

/** A server that says exactly what a test wants it to say. */
export interface Provider extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/v1`. */
  readonly baseURL: string
  readonly requests: readonly Seen[]
  /** Sockets that are open now. */
  readonly sockets: number
}

/** Answers one request; `nth` counts from 0. */
export type Answer = (response: ServerResponse, seen: Seen, nth: number) => void | Promise<void>

/** Starts a real HTTP server on a free port. */
export async function startProvider(serve: Answer): Promise<Provider> {
  const requests: Seen[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part)
      const closed = new Promise<boolean>((resolve) =>
        response.once('close', () => resolve(!response.writableFinished)),
      )
      const seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
        closed,
      }
      requests.push(seen)
      await serve(response, seen, requests.length - 1)
    })()
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // node:net's address() is a string only for pipes.
  const { port } = server.address() as AddressInfo
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    requests,
    get sockets() {
      return sockets.size
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** The head of a stream of events. */
export const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' } as const

/** A chunk as OpenAI sends it. */
export function chunk(delta: object, finish: string | null = null, more: object = {}): string {
  return JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-4o-mini',
    ...more,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
}

/** Events, one for each data. */
export function sse(...data: readonly string[]): string {
  return data.map((each) => `data: ${each}\n\n`).join('')
}

/** A whole streamed answer of these pieces of text. */
export function answer(...texts: readonly string[]): string {
  const contents = texts.map((content) => chunk({ content }))
  return sse(chunk({ role: 'assistant', content: '' }), ...contents, chunk({}, 'stop'), '[DONE]')
}

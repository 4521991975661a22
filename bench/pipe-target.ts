import { Agent, createServer, request } from 'node:http'

/**
 * What Node's own HTTP costs and nothing else: every request goes out again, every byte comes back
 * unread. A good one: connections are kept, `pipe` respects drain, a client that leaves ends the
 * upstream, an upstream that breaks off is never made to look like an end.
 *
 *     node bench/pipe-target.ts PORT UPSTREAM_PORT
 */
const [port, upstreamPort] = process.argv.slice(2).map(Number)
const agent = new Agent({ keepAlive: true, maxFreeSockets: 4096 })

const server = createServer((incoming, response) => {
  const { method, url, headers } = incoming
  const upstream = request({ host: '127.0.0.1', port: upstreamPort, method, path: url, headers, agent }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
    answer.on('error', () => response.destroy())
  })
  upstream.on('error', () => response.destroy())
  response.on('close', () => {
    if (!response.writableFinished) upstream.destroy()
  })
  incoming.pipe(upstream)
})

server.keepAliveTimeout = 300_000
server.listen({ port, host: '127.0.0.1', backlog: 4096 })

import assert from 'node:assert/strict'
import { request as ask } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { Connections } from '../../../src/upstream/http/connections.ts'
import { TestClock } from '../../support/clock.ts'
import { anySplit } from '../../sse/splits.ts'
import { exchange } from './recorder.ts'
import { joined, sample, type Sample } from './responses.ts'
import { onRequests, startServer, type Server } from './server.ts'

/** What a client made of a response. */
interface Got {
  readonly status: number | undefined
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

/** Node's own client, which is the judge. */
function ofNode(server: Server): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = ask({ host: '127.0.0.1', port: server.port, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => void parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const raw = response.rawHeaders
        const fields = joined(raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? '']] : [])))
        resolve({ status: response.statusCode, fields, body: Buffer.concat(parts).toString('latin1') })
      })
    })
    sent.on('error', reject)
    sent.end()
  })
}

async function ofOurs(server: Server, connections: Connections): Promise<Got> {
  const { over, response, text } = await exchange(connections, server.origin)
  assert.equal(await over, undefined)
  return { status: response?.status, fields: { ...response?.fields }, body: text }
}

test('any valid response is to our client what it is to that of Node', async () => {
  let current: { readonly one: Sample; readonly reads: readonly Uint8Array[] } | undefined
  await using server = await startServer((socket) => {
    socket.setNoDelay(true)
    onRequests(socket, async () => {
      if (current === undefined) return
      const { one, reads } = current
      for (const read of reads) {
        socket.write(read)
        await new Promise(setImmediate)
      }
      if (one.closes) socket.end()
    })
  })
  const connections = new Connections(new TestClock())
  const cut = sample.chain((one) => fc.record({ one: fc.constant(one), reads: anySplit(one.bytes) }))
  await fc.assert(
    fc.asyncProperty(cut, async (given) => {
      current = given
      const [ours, nodes] = [await ofOurs(server, connections), await ofNode(server)]
      assert.deepEqual(ours, nodes)
      assert.deepEqual(ours, { status: given.one.status, fields: given.one.fields, body: given.one.body })
    }),
    { numRuns: 200 },
  )
  connections.close()
})

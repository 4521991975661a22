import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { CERTIFICATE, plainly, startAnswering } from './server.ts'

const source = (path: string): string => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href)

/** A program that asks twice on one connection, and then has nothing to do. */
const PROGRAM = `
  import { systemClock } from ${source('clock.ts')}
  import { Connections } from ${source('upstream/http/connections.ts')}
  import { requestText } from ${source('upstream/http/request.ts')}
  const connections = new Connections(systemClock, { ca: process.env.CA })
  const text = requestText({ method: 'GET', path: '/', host: 'test', fields: {}, body: undefined })
  const ask = (end) => connections.send(process.env.ORIGIN, text, {
    connected() {}, head() {}, body: (bytes) => process.stdout.write(bytes), end, failed: (error) => { throw error },
  })
  ask(() => setImmediate(() => ask(() => {})))
`

describe('a process', () => {
  for (const isSecure of [false, true]) {
    const over = isSecure ? ' over TLS' : ''
    test(`waits for an exchange${over}, also on a connection that was idle, and not for an idle one`, async () => {
      await using server = await startAnswering(
        ({ nth }, socket) => {
          // Late enough for a process that does not wait to be gone.
          setTimeout(() => socket.write(plainly(`${nth};`)), 200)
          return undefined
        },
        { isSecure },
      )
      const env = { ...process.env, ORIGIN: server.origin, CA: CERTIFICATE }
      const said = await new Promise<string>((resolve, reject) => {
        const args = ['--input-type=module', '-e', PROGRAM]
        execFile(process.execPath, args, { env, timeout: 20_000 }, (error, out) =>
          error === null ? resolve(out) : reject(error),
        )
      })
      assert.equal(said, '0;1;')
      assert.equal(server.sockets.length, 1)
    })
  }
})

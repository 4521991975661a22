import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { startRig, type Rig } from '../support/gateway.ts'

interface HardeningCase {
  readonly name: string
  readonly raw_base64: string
  readonly expect: string
}

const cases: readonly HardeningCase[] = JSON.parse(
  readFileSync(new URL('../fixtures/http-hardening.json', import.meta.url), 'utf8'),
)

let rig: Rig
before(async () => void (rig = await startRig()))
after(() => rig[Symbol.asyncDispose]())

/** Everything the server says to these bytes until it closes or has been silent after an answer. */
function exchange(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(rig.server.port, '127.0.0.1')
    let answer = ''
    socket.setTimeout(400, () => socket.destroy())
    socket.on('connect', () => socket.write(bytes))
    socket.on('data', (part) => (answer += part.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', (error) => (answer === '' ? reject(error) : undefined))
  })
}

const statuses = (answer: string): string[] => answer.match(/^HTTP\/1\.1 \d{3}/gm) ?? []

describe('a request that could be taken for another', () => {
  for (const { name, raw_base64, expect } of cases) {
    test(`${name}: ${expect}`, async () => {
      // The recorded requests name the host x; named rightly, the case is about what it says.
      const raw = Buffer.from(raw_base64, 'base64').toString('latin1').replace('Host: x\r\n', 'Host: 127.0.0.1\r\n')
      const answer = await exchange(Buffer.from(raw, 'latin1'))
      const got = statuses(answer)
      assert.ok(got.length <= 1, `one answer at most, got ${got.join()}`)
      for (const status of got) assert.match(status, / (4\d\d|50[15])$/, 'never a success')
      assert.equal(rig.simulator.requests.length, 0, 'the provider is not called')
    })
  }

  for (const path of [
    '/v1/../v1/models',
    '/v1/%2e%2e/models',
    '/v1%2fmodels',
    '/v1/models%00',
    '//v1/models',
    '/v1/./models',
  ]) {
    test(`the path ${path} is refused`, async () => {
      const answer = await exchange(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`))
      assert.match(answer, /^HTTP\/1\.1 404/)
    })
  }

  test('a plain request to the same server is answered', async () => {
    const answer = await exchange(Buffer.from('GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'))
    assert.match(answer, /^HTTP\/1\.1 200/)
  })

  test('a name that is not ours is refused on loopback, whatever page sent it', async () => {
    const answer = await exchange(Buffer.from('GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n'))
    assert.match(answer, /^HTTP\/1\.1 403/)
  })
})

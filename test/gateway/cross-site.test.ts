import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startRig, type Rig } from '../support/gateway.ts'

/** PROTOCOL 1: an open gateway knows its caller by nothing that a page could not send. */

const PATHS = [
  '/v1/chat/completions',
  '/api/v1/chat/completions',
  '/api/v2/chat/completions',
  '/v1/embeddings',
  '/chat/stream',
]
const JSON_TYPE = 'application/json'

describe('an open gateway', () => {
  let rig: Rig
  let host: string
  before(async () => {
    rig = await startRig()
    host = new URL(rig.url).host
  })
  after(() => rig?.[Symbol.asyncDispose]())

  /** What a page, a program or a form gets for a POST with these fields. */
  async function post(path: string, headers: Record<string, string>): Promise<number> {
    const messages = [{ role: 'user', content: 'a' }]
    // Bytes: fetch would add a Content-Type to a text.
    const body = new TextEncoder().encode(JSON.stringify({ model: 'sim:tokens=1,first=0', messages, input: 'a' }))
    const response = await fetch(`http://${host}${path}`, { method: 'POST', headers, body })
    await response.text()
    return response.status
  }

  for (const path of PATHS) {
    test(`refuses at ${path} what the page of another site can send without asking`, async () => {
      const asked = rig.simulator.requests.length
      const evil = 'https://evil.test'
      const rows: readonly Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' },
        { 'sec-fetch-site': 'cross-site', origin: evil },
        { 'sec-fetch-site': 'cross-site', 'content-type': JSON_TYPE },
        // To an address without TLS that is not this machine's own, browsers do not say the site.
        { origin: evil, 'content-type': 'text/plain' },
        { origin: evil, 'content-type': 'application/x-www-form-urlencoded' },
        { origin: evil, 'content-type': 'multipart/form-data; boundary=x' },
        { origin: evil },
        { origin: 'null', 'content-type': 'text/plain' },
      ]
      for (const headers of rows) assert.equal(await post(path, headers), 403, JSON.stringify(headers))
      assert.equal(rig.simulator.requests.length, asked, 'and nobody was asked')
    })
  }

  for (const path of PATHS.filter((one) => one !== '/chat/stream')) {
    test(`takes at ${path} what programs, its own page and a proxy under another name send`, async () => {
      const rows: readonly Record<string, string>[] = [
        {},
        { 'content-type': JSON_TYPE },
        // What curl -d sends.
        { 'content-type': 'application/x-www-form-urlencoded' },
        { 'sec-fetch-site': 'same-origin', origin: `http://${host}`, 'content-type': 'text/plain;charset=UTF-8' },
        { 'sec-fetch-site': 'none' },
        { origin: `http://${host}`, 'content-type': 'text/plain' },
        { origin: 'https://chat.example', 'content-type': JSON_TYPE },
      ]
      for (const headers of rows) assert.equal(await post(path, headers), 200, JSON.stringify(headers))
    })
  }

  test('takes a cancel without a body from a page that knows it by another name', async () => {
    const id = (await rig.chat({ model: 'sim:tokens=1', stream: true })).headers.get('x-stream-id')
    const headers = { origin: 'https://chat.example' }
    assert.equal((await fetch(`${rig.url}/streams/${id}/cancel`, { method: 'POST', headers })).status, 202)
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startRig, type Rig } from '../support/gateway.ts'
import { until } from '../support/until.ts'

let rig: Rig
before(async () => void (rig = await startRig()))
after(() => rig[Symbol.asyncDispose]())

const LONG = 'sim:tokens=2000,interval=10ms,first=10ms'
const cancel = { 'x-stream-on-disconnect': 'cancel', 'content-type': 'application/json' }
const body = (model: string, stream: boolean): string =>
  JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'Tell me a story' }] })

/** Starts a request, leaves it when `when` says so. */
async function leave(
  model: string,
  stream: boolean,
  when: (response: Promise<Response>) => Promise<unknown>,
): Promise<void> {
  const abort = new AbortController()
  const response = fetch(`${rig.url}/chat/completions`, {
    method: 'POST',
    headers: cancel,
    body: body(model, stream),
    signal: abort.signal,
  })
  response.catch(() => {})
  await when(response)
  abort.abort()
  await response.then((got) => got.body?.cancel()).catch(() => {})
}

const firstBytes = async (response: Promise<Response>): Promise<unknown> => (await response).body?.getReader().read()
const atProvider = (): Promise<unknown> => until(() => rig.simulator.open > 0, 2_000, 'the request is at the provider')

describe('a caller that leaves (policy cancel)', () => {
  const rows = [
    ['in the middle of a stream', LONG, true, firstBytes],
    ['before the first token', 'sim:tokens=5,first=60s', true, atProvider],
    ['before the head', 'sim:tokens=5,fault=no-answer', true, atProvider],
    ['while waiting for a whole completion', LONG, false, atProvider],
  ] as const
  for (const [title, model, stream, when] of rows) {
    test(`${title}: the provider's socket is closed within a second`, async () => {
      await leave(model, stream, when)
      const took = await until(
        () => rig.simulator.open === 0 && rig.server.gateway.openStreams === 0,
        1_000,
        'the upstream is cancelled',
      )
      assert.ok(took < 1_000)
    })
  }

  test('after 1,000 that left nothing stays: no stream, no exchange', async () => {
    const model = 'sim:tokens=500,interval=5ms,first=1ms'
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, () => leave(model, true, firstBytes)))
    }
    await until(() => rig.simulator.open === 0 && rig.server.gateway.openStreams === 0, 2_000, 'all are gone')
    const left = rig.logger.lines.filter((line) => line.message === 'stream ended')
    assert.ok(left.length >= 1_000, 'each has its record')
  })
})

describe('a caller that leaves a stream with grace', () => {
  test('finds it running when it comes back in time', async () => {
    const abort = new AbortController()
    const response = await fetch(`${rig.url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-stream-on-disconnect': 'grace=30' },
      body: body('sim:tokens=60,interval=5ms,first=1ms', true),
      signal: abort.signal,
    })
    const id = response.headers.get('x-stream-id') ?? ''
    await response.body?.getReader().read()
    abort.abort()
    const resumed = await fetch(`${rig.url}/streams/${id}`)
    assert.equal(resumed.status, 200)
    assert.match(await resumed.text(), /data: \[DONE\]\n\n$/)
  })
})

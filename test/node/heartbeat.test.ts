import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gatewayConfig, plainProvider, startRig } from '../support/gateway.ts'
import { eventsOf } from '../support/sse.ts'

/** PROTOCOL 2 and 3: a response that has nothing to say for a while shows that it lives. */

describe('a stream that is silent', () => {
  test('gets its head and heartbeats before the first token, each one line with one line feed', async () => {
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        server: { ...gatewayConfig().server, heartbeat: 100 },
      }),
    })
    const began = performance.now()
    const response = await rig.chat({ model: 'sim:tokens=3,first=900ms,interval=0ms', stream: true })
    assert.ok(performance.now() - began < 800, 'the head did not wait for the first token')
    const text = await response.text()
    const [silence] = text.split('id: ')
    assert.match(silence ?? '', /^(?:: hb\n){2,9}$/)
    assert.equal(eventsOf(text).at(-1)?.data, '[DONE]')
  })

  test('tells a failure in the stream when its head is out already', async () => {
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        server: { ...gatewayConfig().server, heartbeat: 100 },
      }),
    })
    const response = await rig.chat({ model: 'sim:tokens=3,first=400ms,fault=error-object', stream: true })
    assert.equal(response.status, 200)
    const last = eventsOf(await response.text()).at(-1)
    assert.ok(JSON.parse(last?.data ?? '{}').error)
  })
})

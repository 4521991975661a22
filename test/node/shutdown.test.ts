import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { answerFor } from '../../src/simulator/index.ts'
import { gatewayConfig, plainProvider, startRig, type Rig } from '../support/gateway.ts'
import { eventsOf, textOf } from '../support/sse.ts'

const messages = [{ role: 'user' as const, content: 'Tell me a story' }]

const start = (shutdownTimeout: number): Promise<Rig> =>
  startRig({
    config: (simulator) => ({
      passthrough: plainProvider(simulator.url),
      server: { ...gatewayConfig().server, shutdownTimeout },
    }),
  })

describe('a gateway that is told to stop', () => {
  test('is not ready at once, takes no new streams, and lets the open ones finish', async () => {
    await using rig = await start(10_000)
    const model = 'sim:tokens=60,interval=10ms,first=10ms'
    const response = await rig.chat({ model, stream: true, messages })
    const kept = await fetch(`${rig.server.url}/readyz`)
    assert.equal(kept.status, 200)
    await kept.text()
    const text = response.text()
    const down = rig.server.shutdown()
    await assert.rejects(
      rig
        .chat({ model, stream: true, messages })
        .then((late) => (late.status === 503 ? Promise.reject(new Error('503')) : late)),
    )
    assert.equal(textOf(eventsOf(await text)), answerFor({ model, messages }))
    await down
  })

  test('ends those that do not finish in time with an error event, never with a plain end', async () => {
    await using rig = await start(150)
    const response = await rig.chat({ model: 'sim:tokens=5000,interval=10ms,first=10ms', stream: true, messages })
    const text = response.text()
    const began = performance.now()
    await rig.server.shutdown()
    assert.ok(performance.now() - began < 2_000)
    const last = eventsOf(await text).at(-1)
    assert.equal(JSON.parse(last?.data ?? '{}').error?.code, 'shutting_down')
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { answerFor } from '../../src/simulator/index.ts'
import { gatewayConfig, plainProvider, startRig } from '../support/gateway.ts'

/** PROTOCOL 3: what a client that knows nothing of ids and heartbeats makes of them. */

const PYTHON = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))
const PROGRAM = fileURLToPath(new URL('openai_client.py', import.meta.url))

describe('the unmodified openai package of Python', () => {
  test('reads streams with ids and heartbeats, and resumes with a Last-Event-ID of its own', async () => {
    await using rig = await startRig({
      config: (simulator) => ({
        passthrough: plainProvider(simulator.url),
        // More often than tokens come, so that heartbeats stand between most of them.
        server: { ...gatewayConfig().server, heartbeat: 20 },
      }),
    })
    const model = 'sim:tokens=40,interval=60ms,first=100ms'
    const { stdout } = await promisify(execFile)(PYTHON, [PROGRAM, rig.url, model])
    const got: { whole: string; resumed: string } = JSON.parse(stdout)
    const expected = answerFor({ model, messages: [{ role: 'user', content: 'Tell me a story' }] })
    assert.equal(got.whole, expected)
    assert.equal(got.resumed, expected)
  })
})

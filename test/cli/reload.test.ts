import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { onHangup } from '../../src/cli/reload.ts'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import { eventsOf, textOf } from '../support/sse.ts'
import { until } from '../support/until.ts'
import { BIN } from './run.ts'

/** `sluice serve` on a file, in a process of its own. */
async function startGateway(file: string, cwd: string) {
  const child = spawn(process.execPath, [BIN, 'serve', '--config', file, '--log', 'memory'], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, log] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const address = /listens on (http:\/\/\S+)\/v1\n[^]*docs/
  await until(() => address.test(out) || child.exitCode !== null, 10_000, 'it listens')
  return {
    url: address.exec(out)?.[1] ?? assert.fail(out + log),
    log: () => log,
    hangUp: () => child.kill('SIGHUP'),
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.kill()) await once(child, 'exit')
    },
  }
}

const messages = [{ role: 'user', content: 'Tell me a story' }]

async function ask(url: string, model: string): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ model, stream: true, messages })
  return (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })).text()
}

/** Resolves when a model can be asked for. */
async function served(url: string, model: string): Promise<void> {
  const started = performance.now()
  while (!(await (await fetch(`${url}/v1/models`)).text()).includes(`"${model}"`)) {
    assert.ok(performance.now() - started < 5_000, `${model} is not served`)
  }
}

describe('SIGHUP', () => {
  test('under load takes a new configuration, refuses a wrong one, and harms no stream', async () => {
    await using simulator = await startSimulator()
    const folder = await mkdtemp(join(tmpdir(), 'sluice-hup-'))
    const file = join(folder, 'sluice.yaml')
    const source = 'sim:tokens=120,interval=10ms,first=20ms'
    const yaml = (models: string): string =>
      `providers: { sim: { preset: simulator, baseUrl: "${simulator.url}" } }\nmodels: { ${models} }\nserver: { port: 0 }\n`
    await writeFile(file, yaml(`old: "sim/${source}"`))
    try {
      await using gateway = await startGateway(file, folder)
      const open = Array.from({ length: 40 }, () => ask(gateway.url, 'old'))
      await until(() => simulator.open >= 40, 5_000, 'all streams are open')
      // Again and again: the model that the streams came by is taken away, and comes back.
      for (let round = 1; round <= 3; round++) {
        await writeFile(file, yaml(`new${round}: "sim/${source}"`))
        gateway.hangUp()
        await served(gateway.url, `new${round}`)
      }
      await writeFile(file, 'models: [')
      gateway.hangUp()
      await until(() => gateway.log().includes('configuration not reloaded'), 5_000, 'refused')
      assert.ok(simulator.open >= 40, 'the streams were open all the while')
      assert.match(await ask(gateway.url, 'old'), /model_not_found/)
      assert.match(await ask(gateway.url, 'new3'), /data: \[DONE\]/)
      const whole = answerFor({ model: source, messages })
      for (const text of await Promise.all(open)) {
        assert.equal(textOf(eventsOf(text)), whole)
        assert.match(text, /data: \[DONE\]\n\n$/)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('means the end when the terminal is gone in which it was started', () => {
    const done: string[] = []
    const listeners: (() => void)[] = []
    const source = { on: (_: 'SIGHUP', listener: () => void) => listeners.push(listener), off: () => listeners.pop() }
    let isThere = true
    const actions = { reload: () => void done.push('reload'), stop: () => void done.push('stop') }
    const off = onHangup(actions, true, source, () => isThere)
    listeners[0]?.()
    isThere = false
    listeners[0]?.()
    off()
    assert.equal(listeners.length, 0)
    onHangup(actions, false, source, () => isThere)
    listeners[0]?.()
    assert.deepEqual(done, ['reload', 'stop', 'reload'], 'who had no terminal cannot have lost it')
  })
})

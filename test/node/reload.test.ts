import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import type { ConfigSource } from '../../src/config/reload.ts'
import { serve, type RunningServer } from '../../src/node/serve.ts'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { keepingLogger, type KeptLogger } from '../support/gateway.ts'
import { until } from '../support/until.ts'

let simulator: Simulator
before(async () => void (simulator = await startSimulator()))
after(() => simulator.close())

const yaml = (more: string, server = ''): string => `
providers: { sim: { preset: simulator, baseUrl: "${simulator.url}" } }
models: { always: "sim/sim:tokens=3", ${more} }
server: { port: 0, ${server} }
log: { kind: memory }
`

interface Rig extends AsyncDisposable {
  readonly file: string
  readonly server: RunningServer
  readonly logger: KeptLogger
  models(): Promise<string>
  ready(): Promise<string>
  /** Resolves when a line with this message was logged for the `count`th time. */
  logged(message: string, count?: number): Promise<object>
}

async function rigOf(text = yaml(''), name = 'sluice.yaml'): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-reload-'))
  const file = join(folder, name)
  await writeFile(file, text)
  const parse = (read: string): ReturnType<typeof loadConfig> => loadConfig(read, { file, env: {} })
  const loaded = parse(text)
  const read = (): Promise<string | undefined> => readFile(file, 'utf8').catch(() => undefined)
  const source: ConfigSource = { file, loaded, parse, read }
  const logger = keepingLogger()
  const server = await serve({ config: loaded.config, logger, file: { source, text } })
  const get = async (path: string): Promise<string> => (await fetch(server.url + path)).text()
  const linesOf = (message: string): readonly object[] =>
    logger.lines.filter((line) => line.message.includes(message)).map((line) => line.facts)
  return {
    file,
    server,
    logger,
    models: () => get('/v1/models'),
    ready: () => get('/readyz'),
    async logged(message, count = 1) {
      await until(() => linesOf(message).length >= count, 5_000, message)
      return linesOf(message)[count - 1] ?? {}
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

describe('the configuration’s file', () => {
  test('is read again when it changes', async () => {
    await using rig = await rigOf()
    await writeFile(rig.file, yaml('later: "sim/sim:tokens=4"'))
    await rig.logged('configuration reloaded')
    assert.match(await rig.models(), /"later"/)
  })

  test('is read again when an editor puts another file in its place', async () => {
    await using rig = await rigOf()
    for (const [count, name] of ['one', 'two'].entries()) {
      await writeFile(`${rig.file}.new`, yaml(`${name}: "sim/sim:tokens=4"`))
      await rename(`${rig.file}.new`, rig.file)
      await rig.logged('configuration reloaded', count + 1)
      assert.match(await rig.models(), new RegExp(`"${name}"`))
    }
  })

  test('is read again when the link changes through which Kubernetes mounts it', async () => {
    await using rig = await rigOf()
    const folder = join(rig.file, '..')
    const place = async (name: string, text: string): Promise<void> => {
      await writeFile(join(folder, name), text)
      await symlink(name, join(folder, 'next'))
      await rename(join(folder, 'next'), join(folder, '..data'))
    }
    await place('v1', yaml('one: "sim/sim:tokens=4"'))
    await unlink(rig.file)
    await symlink('..data', rig.file)
    await rig.logged('configuration reloaded', 1)
    await place('v2', yaml('two: "sim/sim:tokens=4"'))
    await rig.logged('configuration reloaded', 2)
    assert.match(await rig.models(), /"two"/)
  })

  test('changes nothing when it is wrong, and says so in the log, in readiness and in the metrics', async () => {
    await using rig = await rigOf()
    const metric = async (): Promise<string | undefined> =>
      /^sluice_config_reload_successful (\d)/m.exec(await (await fetch(`${rig.server.url}/metrics`)).text())?.[1]
    assert.equal(await metric(), '1')
    assert.doesNotMatch(await rig.ready(), /config/)
    await writeFile(rig.file, yaml('bad: "nobody/x", worse: { targets: [] }'))
    const facts = await rig.logged('configuration not reloaded')
    assert.ok('problems' in facts && Array.isArray(facts.problems))
    assert.equal(facts.problems.length, 2)
    assert.match(String(facts.problems[0]), /sluice\.yaml:3:\d+ models\.bad: there is no provider "nobody"/)
    assert.match(await rig.models(), /"always"/)
    const ready = await rig.ready()
    assert.match(ready, /"status":"ready".*could not be reloaded/)
    assert.doesNotMatch(ready, /nobody/, 'anybody may ask')
    assert.equal(await metric(), '0')
    await writeFile(rig.file, yaml('good: "sim/sim:tokens=4"'))
    await rig.logged('configuration reloaded')
    assert.doesNotMatch(await rig.ready(), /config/)
    assert.equal(await metric(), '1')
  })

  test('that is gone changes nothing either', async () => {
    await using rig = await rigOf()
    await unlink(rig.file)
    assert.match(JSON.stringify(await rig.logged('configuration not reloaded')), /there is no such file/)
    assert.match(await rig.models(), /"always"/)
  })

  test('tells what counts only after a restart', async () => {
    await using rig = await rigOf()
    await writeFile(rig.file, yaml('', 'heartbeat: 3s'))
    assert.deepEqual(Object.entries(await rig.logged('after a restart')).at(-1), ['needsRestart', ['server.heartbeat']])
  })

  test('is not read again when something else changes in its folder', async () => {
    await using rig = await rigOf()
    await writeFile(join(rig.file, '../other'), 'x')
    await writeFile(rig.file, yaml('later: "sim/sim:tokens=4"'))
    await rig.logged('configuration reloaded')
    await rig.server.reload?.()
    assert.equal(rig.logger.lines.filter((line) => line.message.includes('reloaded')).length, 2)
  })

  test('cannot open a gateway that others can reach', async () => {
    const closed = `${yaml('', 'host: 0.0.0.0')}auth: { clients: [{ keyId: c, secret: a-secret-of-16-chars }] }\n`
    await using rig = await rigOf(closed)
    await writeFile(rig.file, yaml('later: "sim/sim:tokens=4"', 'host: 0.0.0.0'))
    assert.match(JSON.stringify(await rig.logged('configuration not reloaded')), /has no keys/)
    assert.equal((await fetch(`http://127.0.0.1:${rig.server.port}/v1/models`)).status, 401)
  })
})

test('a client whose secret is taken out of the configuration is not known any more', async () => {
  const withClients = (...names: string[]): string =>
    `${yaml('')}auth: { clients: [${names.map((name) => `{ keyId: ${name}, secret: the-secret-of-${name}-123 }`).join(', ')}] }\n`
  await using rig = await rigOf(withClients('ann', 'bob'))
  const body = JSON.stringify({ keyId: 'bob', secret: 'the-secret-of-bob-123' })
  const issued = await fetch(`${rig.server.url}/api/v1/auth/token`, { method: 'POST', body })
  const { access_token: token }: { access_token: string } = JSON.parse(await issued.text())
  const headers = { authorization: `Bearer ${token}` }
  assert.equal((await fetch(`${rig.server.url}/v1/models`, { headers })).status, 200)
  await writeFile(rig.file, withClients('ann'))
  await rig.logged('configuration reloaded')
  assert.equal((await fetch(`${rig.server.url}/v1/models`, { headers })).status, 401)
})

test('a breaker stays with a provider that is the same, and is closed again for one that is another', async () => {
  const broken = (port: number, more = ''): string => `
providers: { dead: { preset: openai-compatible, baseUrl: "http://127.0.0.1:${port}/v1" } }
models: { m: { targets: [{ provider: dead }], maxAttempts: 1 }${more} }
server: { port: 0 }
log: { kind: memory }
`
  await using rig = await rigOf(broken(9))
  const ask = async (): Promise<string> => {
    const init = { method: 'POST', body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x' }] }) }
    return (await fetch(`${rig.server.url}/v1/chat/completions`, init)).text()
  }
  const isOpen = async (): Promise<boolean> => /provider_unavailable/.test(await ask())
  for (let tries = 0; tries < 20 && !(await isOpen()); tries++) continue
  assert.ok(await isOpen(), 'it opens after some failures')
  await writeFile(rig.file, broken(9, ', other: dead/x'))
  await rig.logged('configuration reloaded', 1)
  assert.ok(await isOpen())
  await writeFile(rig.file, broken(11))
  await rig.logged('configuration reloaded', 2)
  assert.match(await ask(), /upstream_connect_failed/)
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { BIN, run, type Ended } from './run.ts'

let dir: string
before(async () => void (dir = await mkdtemp(join(tmpdir(), 'sluice-keys-'))))
after(() => rm(dir, { recursive: true, force: true }))

const keys = (...args: readonly string[]): Promise<Ended> => run(['keys', ...args, '--data', dir])

interface Made {
  readonly id: string
  readonly key: string
}

async function create(...args: readonly string[]): Promise<Made> {
  const { stdout, stderr, code } = await keys('create', '--json', ...args)
  assert.equal(code, 0, stderr)
  const made: Made = JSON.parse(stdout)
  return made
}

describe('sluice keys', () => {
  test('creates a key with everything that was said of it, in JSON for programs', async () => {
    const call =
      'create --json --name TeamA --rpm 60 --tpm=100000 --concurrency 5 --budget 5/day --models gpt-4o,llama* ' +
      '--expires 30d --pool team --metadata owner=somebody --metadata=note=a=b --on-disconnect grace=5'
    const { stdout, code } = await keys(...call.split(' '))
    assert.equal(code, 0)
    const made: Made & Record<string, unknown> = JSON.parse(stdout)
    assert.match(made.key, /^sk-sluice-[\w-]{43}$/)
    assert.partialDeepStrictEqual(made, {
      name: 'TeamA',
      scope: 'caller',
      status: 'active',
      models: ['gpt-4o', 'llama*'],
      limits: { requests_per_minute: 60, tokens_per_minute: 100_000, max_concurrent: 5, budget: '5/day' },
      cache_pool: 'team',
      on_disconnect: 'grace=5',
      metadata: { owner: 'somebody', note: 'a=b' },
    })
  })

  test('shows people a key once, and a table of all of them without any', async () => {
    const { stdout } = await keys('create', '--name', 'for people', '--admin')
    const [key = ''] = /sk-sluice-admin-[\w-]{43}/.exec(stdout) ?? []
    assert.notEqual(key, '')
    assert.match(stdout, /shown this once/)
    const table = await keys('list')
    assert.match(table.stdout, /^ID +NAME +SCOPE +STATUS +MODELS +LIMITS +CREATED +EXPIRES\n/)
    assert.match(table.stdout, /TeamA +caller +active +gpt-4o,llama\* +60 rpm, 100000 tpm, 5 at once, \$5\/day/)
    assert.match(table.stdout, /for people +admin +active +all +none /)
    assert.doesNotMatch(table.stdout, /sk-sluice/)
    const json: { data: object[] } = JSON.parse((await keys('list', '--json')).stdout)
    assert.equal(json.data.length, 2)
  })

  test('says what is wrong with a call, in the words of the call', async () => {
    for (const [args, message] of [
      [['create'], /--name: expected a name/],
      [['create', '--name', 'x', '--rpm', 'many'], /--rpm has to be a whole number above 0, got "many"/],
      [['create', '--name', 'x', '--budget', '5/week'], /--budget: expected dollars and day, month or total/],
      [['create', '--name', 'x', '--models', 'a b'], /--models: expected a name without spaces/],
      [['create', '--name', 'x', '--expires', 'soon'], /--expires: expected a duration such as 30d/],
      [['create', '--name', 'x', '--metadata', 'oops'], /--metadata has to be NAME=VALUE/],
      [['create', '--name', 'x', '--limit', '5'], /unknown option --limit/],
      [['create', 'x'], /unexpected argument "x"/],
      [['revoke'], /ID is needed/],
      [['rotate', 'a', 'b'], /unexpected argument "b"/],
      [['frobnicate'], /unknown command frobnicate/],
    ] as const) {
      const { code, stderr } = await run(['keys', ...args])
      assert.equal(code, 2, args.join(' '))
      assert.match(stderr, message)
    }
    const unknown = await keys('revoke', 'key_nobody')
    assert.deepEqual([unknown.code, /There is no key key_nobody in/.test(unknown.stderr)], [1, true])
    const nowhere = await run(['keys', 'list', '--data', join(dir, 'nowhere')])
    assert.deepEqual([nowhere.code, /There are no keys in .*nowhere: check --data/.test(nowhere.stderr)], [1, true])
    const short = await run(['keys', 'create', '--name', 'x', '--data', dir], { env: { SLUICE_SECRET: 'short' } })
    assert.match(short.stderr, /SLUICE_SECRET must have 16 characters or more/)
  })

  test('rotates and revokes while a gateway runs on the folder, which takes note within a second or so', async () => {
    const made = await create('--name', 'rotated')
    const args = ['serve', '--host', '0.0.0.0', '--port', '0', '--data', dir]
    const env = { PATH: process.env['PATH'] ?? '', SLUICE_PROVIDER: 'simulator' }
    const server = spawn(process.execPath, [BIN, ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    let said = ''
    server.stdout.setEncoding('utf8').on('data', (text) => (said += text))
    try {
      await until(() => /docs /.test(said), 15_000, 'it listens')
      assert.match(said, /keys {7}asked for/)
      assert.match(said, /-H "authorization: Bearer \$KEY"/)
      const port = /listens on http:\/\/0\.0\.0\.0:(\d+)\//.exec(said)?.[1]
      const status = async (key: string): Promise<number> => {
        const headers = { authorization: `Bearer ${key}` }
        return (await fetch(`http://127.0.0.1:${port}/v1/models`, { headers })).status
      }
      const becomes = async (key: string, expected: number): Promise<void> => {
        const end = performance.now() + 2_000
        while ((await status(key)) !== expected) assert.ok(performance.now() < end, `still not ${expected}`)
      }
      assert.equal(await status(made.key), 200)
      assert.equal((await fetch(`http://127.0.0.1:${port}/v1/models`)).status, 401)
      const { stdout } = await keys('rotate', made.id, '--overlap', '1h', '--json')
      const rotated: Made = JSON.parse(stdout)
      assert.equal(rotated.id, made.id)
      await becomes(rotated.key, 200)
      assert.equal(await status(made.key), 200, 'both are good for an hour')
      assert.match((await keys('revoke', made.id)).stdout, /\(rotated\) is revoked/)
      await becomes(rotated.key, 401)
      assert.equal(await status(made.key), 401)
    } finally {
      const closed = once(server, 'close')
      server.kill('SIGKILL')
      await closed
    }
  })

  test('a gateway that others could reach does not start without a key, and says how to make one', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'sluice-keys-'))
    const env = { SLUICE_PROVIDER: 'simulator' }
    const { code, stderr } = await run(['serve', '--host', '0.0.0.0', '--port', '0', '--data', empty], { env })
    assert.equal(code, 1)
    assert.match(stderr, /^sluice: 0\.0\.0\.0 can be reached from other machines/)
    assert.match(stderr, /sluice keys create --data \S+ --name NAME/)
    await rm(empty, { recursive: true, force: true })
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createLedger } from '../../src/ledger/ledger.ts'
import type { UsageRow } from '../../src/ledger/usage.ts'
import { run, type Ended } from './run.ts'

const folder = mkdtempSync(join(tmpdir(), 'usage-cli-'))
after(() => rmSync(folder, { recursive: true }))

before(() => {
  const createdAt = Date.parse('2026-11-20T10:00:00Z')
  const ledger = createLedger({ path: join(folder, 'ledger.db'), now: () => createdAt })
  const row: UsageRow = {
    stream: 'st_1',
    createdAt,
    owner: 'key_a',
    model: 'default',
    provider: 'main',
    targetModel: 'gpt-4o',
    charged: 1,
    unpriced: 0,
    promptTokens: 1_000,
    cachedTokens: 100,
    completionTokens: 500,
    reasoningTokens: 0,
    nanoDollars: 7_500_000,
    priceSource: 'config',
    estimated: false,
    outcome: 'completed',
    ttft: 1,
    duration: 2,
  }
  ledger.usage.put(row)
  ledger.usage.put({ ...row, stream: 'st_2', owner: 'key_b', unpriced: 1, nanoDollars: 0 })
  ledger.close()
})

const usage = (...args: string[]): Promise<Ended> =>
  run(['usage', '--data', folder, '--from', '2026-11-01', '--to', '2026-11-30', ...args])

describe('sluice usage', () => {
  test('shows sums, the total last', async () => {
    const { code, stdout } = await usage('--by', 'key')
    assert.equal(code, 0)
    assert.deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/ +/)),
      [
        ['key', 'streams', 'prompt', 'cached', 'completion', 'dollars', 'unpriced', 'estimated'],
        ['key_a', '1', '1000', '100', '500', '0.007500', '0', '0'],
        ['key_b', '1', '1000', '100', '500', '0.000000', '1', '0'],
        ['total', '2', '2000', '200', '1000', '0.007500', '1', '0'],
      ],
    )
  })

  test('answers in JSON and in CSV', async () => {
    const { total } = JSON.parse((await usage('--json')).stdout)
    assert.deepEqual([total.streams, total.nano_dollars], [2, 7_500_000])
    assert.match((await usage('--csv', '--by', 'day')).stdout, /^day,streams,.*\r\n2026-11-20,2,/)
  })

  test('says what is wrong with a call, and where there is no usage', async () => {
    assert.equal((await usage('--by', 'colour')).code, 2)
    assert.equal((await usage('--csv', '--json')).code, 2)
    const none = await run(['usage', '--data', join(folder, 'none')])
    assert.equal(none.code, 1)
    assert.match(none.stderr, /No usage in/)
  })
})

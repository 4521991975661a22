import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { createLedger } from '../../src/ledger/ledger.ts'
import { sumUsageOf } from '../../src/ledger/usage-sum.ts'
import type { UsageQuery, UsageRow } from '../../src/ledger/usage.ts'

const DAY = Date.parse('2026-11-20T10:00:00Z')
const folder = mkdtempSync(join(tmpdir(), 'usage-'))
after(() => rmSync(folder, { recursive: true }))

function row(stream: string, settings: Partial<UsageRow> = {}): UsageRow {
  return {
    stream,
    createdAt: DAY,
    owner: 'key_a',
    model: 'default',
    provider: 'main',
    targetModel: 'gpt-4o',
    charged: 1,
    unpriced: 0,
    promptTokens: 10,
    cachedTokens: 4,
    completionTokens: 5,
    reasoningTokens: 2,
    nanoDollars: 1_000,
    priceSource: 'config',
    estimated: false,
    outcome: 'completed',
    ttft: 12.5,
    duration: 100,
    ...settings,
  }
}

const all = (by: UsageQuery['by'], owner?: string): UsageQuery => ({ from: '2026-11-01', to: '2026-11-30', by, owner })

describe('usage in the ledger', () => {
  test('is found at once, before it is written, and as it was given', () => {
    const ledger = createLedger({ path: ':memory:', now: () => DAY })
    const noted = row('st_1', { ttft: null, estimated: true, outcome: 'cancelled' })
    ledger.usage.put(noted)
    assert.deepEqual(ledger.usage.find('st_1', DAY), noted)
    ledger.usage.sum(all([]))
    assert.deepEqual(ledger.usage.find('st_1', DAY), noted)
    assert.equal(ledger.usage.find('st_1', DAY + 1), undefined)
    ledger.close()
  })

  test('is summed by day, key, model and provider, and for one owner alone', () => {
    const ledger = createLedger({ path: ':memory:', now: () => DAY })
    ledger.usage.put(row('st_1'))
    ledger.usage.put(row('st_2', { model: 'big', nanoDollars: 5_000 }))
    ledger.usage.put(row('st_3', { owner: 'key_b', outcome: 'failed' }))
    ledger.usage.put(row('st_4', { createdAt: DAY + 86_400_000, unpriced: 1, nanoDollars: 0 }))
    const pick = (query: UsageQuery): unknown[] =>
      ledger.usage
        .sum(query)
        .map(({ day, key, model, streams, nanoDollars }) => [day, key, model, streams, nanoDollars])
    assert.deepEqual(pick(all(['day', 'model'])), [
      ['2026-11-20', undefined, 'big', 1, 5_000],
      ['2026-11-20', undefined, 'default', 2, 2_000],
      ['2026-11-21', undefined, 'default', 1, 0],
    ])
    assert.deepEqual(pick(all(['key'])), [
      [undefined, 'key_a', undefined, 3, 6_000],
      [undefined, 'key_b', undefined, 1, 1_000],
    ])
    assert.deepEqual(pick(all([], 'key_b')), [[undefined, undefined, undefined, 1, 1_000]])
    assert.deepEqual(pick(all([], 'nobody')), [])
    const [sum] = ledger.usage.sum({ ...all([]), to: '2026-11-20' })
    assert.deepEqual([sum?.streams, sum?.incomplete, sum?.unpriced, sum?.cachedTokens], [3, 1, 0, 12])
    ledger.close()
  })

  test('of a stream that is told of again takes the place of the first: nothing is charged twice', () => {
    const path = join(folder, 'again.db')
    const first = createLedger({ path, now: () => DAY })
    first.usage.put(row('st_1', { estimated: true, nanoDollars: 7_000 }))
    first.usage.put(row('st_2'))
    // The process dies here; the next one takes the stream up and charges it when it ends.
    first.close()
    const second = createLedger({ path, now: () => DAY })
    second.usage.put(row('st_1', { nanoDollars: 9_000, completionTokens: 50 }))
    const [sum] = second.usage.sum(all([]))
    assert.deepEqual([sum?.streams, sum?.nanoDollars, sum?.completionTokens, sum?.estimated], [2, 10_000, 55, 0])
    assert.equal(second.usage.find('st_1', DAY)?.nanoDollars, 9_000)
    second.close()
  })

  test('of a stream that is told of again before anything was written is the later one, once', () => {
    const ledger = createLedger({ path: ':memory:', now: () => DAY })
    ledger.usage.put(row('st_1', { estimated: true, nanoDollars: 7_000, outcome: 'failed' }))
    ledger.usage.put(row('st_2', { createdAt: DAY - 86_400_000, model: 'big', unpriced: 1, reasoningTokens: 0 }))
    ledger.usage.put(row('st_1', { nanoDollars: 9_000, completionTokens: 50 }))
    assert.equal(ledger.usage.find('st_1', DAY)?.nanoDollars, 9_000)
    const sums = ledger.usage.sum(all(['day']))
    assert.deepEqual(sums, [
      {
        day: '2026-11-19',
        streams: 1,
        incomplete: 0,
        promptTokens: 10,
        cachedTokens: 4,
        completionTokens: 5,
        reasoningTokens: 0,
        nanoDollars: 1_000,
        unpriced: 1,
        estimated: 0,
      },
      {
        day: '2026-11-20',
        streams: 1,
        incomplete: 0,
        promptTokens: 10,
        cachedTokens: 4,
        completionTokens: 50,
        reasoningTokens: 2,
        nanoDollars: 9_000,
        unpriced: 0,
        estimated: 0,
      },
    ])
    assert.equal(ledger.usage.find('st_1', DAY)?.completionTokens, 50)
    ledger.close()
  })

  test('is kept while another process holds the database, and written when it has let go', async () => {
    const path = join(folder, 'held.db')
    const ledger = createLedger({ path, now: () => performance.now() + DAY })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    for (let i = 0; i < 10_010; i++) ledger.usage.put(row(`st_${i}`))
    assert.throws(() => ledger.usage.sum(all([])), /locked/)
    assert.equal(ledger.usage.find('st_5', DAY), undefined, 'of more than 10,000 the oldest are given up')
    assert.equal(ledger.usage.find('st_10', DAY)?.stream, 'st_10')
    other.exec('COMMIT')
    other.close()
    assert.equal(ledger.usage.sum(all([]))[0]?.streams, 10_000)
    ledger.close()
  })

  test('of another process is read while that one is writing', () => {
    const path = join(folder, 'both.db')
    const ledger = createLedger({ path, now: () => DAY })
    ledger.usage.put(row('st_1'))
    assert.equal(ledger.usage.sum(all([]))[0]?.streams, 1)
    assert.equal(sumUsageOf(path, all([]))[0]?.streams, 1)
    ledger.close()
    assert.throws(() => sumUsageOf(join(folder, 'none.db'), all([])), { code: 'log_unavailable' })
  })

  test('is forgotten after its retention, sums too', () => {
    let now = DAY
    const ledger = createLedger({ path: ':memory:', now: () => now, usageRetentionMs: 10 * 86_400_000 })
    ledger.usage.put(row('st_1'))
    ledger.usage.sum(all([]))
    now += 11 * 86_400_000
    ledger.usage.put(row('st_2', { createdAt: now }))
    const days = ledger.usage.sum({ from: '2026-11-01', to: '2026-12-30', by: ['day'] })
    assert.deepEqual(
      days.map(({ day }) => day),
      ['2026-12-01'],
    )
    assert.equal(ledger.usage.find('st_1', DAY), undefined)
    ledger.close()
  })

  test('is written in a turn after, without being asked for', async () => {
    const path = join(folder, 'soon.db')
    const ledger = createLedger({ path, now: () => performance.now() + DAY })
    ledger.usage.put(row('st_1'))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    assert.equal(sumUsageOf(path, all([]))[0]?.streams, 1)
    ledger.close()
  })
})

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { createLedger } from '../../src/ledger/ledger.ts'
import type { Claim, Ledger } from '../../src/ledger/ledger.ts'

const root = mkdtempSync(join(tmpdir(), 'sluice-ledger-'))
after(() => rmSync(root, { recursive: true, force: true }))
let files = 0
const fresh = (): string => join(root, `${files++}.db`)

function open(path = ':memory:', now: () => number = () => 1_000): Ledger {
  return createLedger({ path, now, retentionMs: 500 })
}

function claim(over: Partial<Claim> = {}): Claim {
  return { owner: 'a', bodyHash: 'h1', stream: 'st_1', createdAt: 1_000, ...over }
}

const turn = (): Promise<unknown> => new Promise(setImmediate)

describe('ledger: an Idempotency-Key', () => {
  for (const pause of [false, true]) {
    const when = pause ? 'once it is written' : 'in the same turn'
    test(`starts one stream, ${when}`, async () => {
      const ledger = open()
      assert.equal(ledger.claim(claim({ key: 'k' })), undefined)
      if (pause) await turn()
      assert.deepEqual(ledger.claim(claim({ key: 'k', stream: 'st_2' })), { stream: 'st_1', createdAt: 1_000 })
      assert.throws(() => ledger.claim(claim({ key: 'k', bodyHash: 'h2' })), {
        code: 'idempotency_mismatch',
        status: 422,
      })
      assert.equal(ledger.claim(claim({ key: 'k', owner: 'b', stream: 'st_3' })), undefined, 'owners do not meet')
      assert.equal(ledger.claim(claim({ key: 'other', stream: 'st_4' })), undefined)
      ledger.close()
    })
  }

  test('is free again when its stream has expired or was forgotten', async () => {
    let time = 1_000
    const ledger = open(':memory:', () => time)
    ledger.claim(claim({ key: 'k' }))
    ledger.settle('st_1', 2_000)
    await turn()
    time = 1_999
    assert.equal(ledger.claim(claim({ key: 'k', stream: 'st_2' }))?.stream, 'st_1')
    time = 2_000
    assert.equal(ledger.claim(claim({ key: 'k', bodyHash: 'h2', stream: 'st_2' })), undefined)
    await turn()
    assert.equal(ledger.claim(claim({ key: 'k', bodyHash: 'h2', stream: 'st_3' }))?.stream, 'st_2')
    ledger.forget('st_2')
    assert.equal(ledger.claim(claim({ key: 'k', stream: 'st_4' })), undefined)
    ledger.close()
  })
})

describe('ledger: the newest stream of a body', () => {
  test('is found among written and unwritten ones, by owner', async () => {
    const ledger = open()
    assert.equal(ledger.newest('a', 'h1'), undefined)
    ledger.claim(claim({ stream: 'st_1', createdAt: 1 }))
    await turn()
    ledger.claim(claim({ stream: 'st_2', createdAt: 2, key: 'k' }))
    ledger.claim(claim({ stream: 'st_3', createdAt: 3, bodyHash: 'h2' }))
    ledger.claim(claim({ stream: 'st_4', createdAt: 4, owner: 'b' }))
    assert.deepEqual(ledger.newest('a', 'h1'), { stream: 'st_2', createdAt: 2 })
    await turn()
    assert.deepEqual(ledger.newest('a', 'h1'), { stream: 'st_2', createdAt: 2 })
    ledger.forget('st_2')
    assert.deepEqual(ledger.newest('a', 'h1'), { stream: 'st_1', createdAt: 1 })
    ledger.close()
  })
})

describe('ledger: the file', () => {
  test('keeps its rows over a restart; those of streams whose end was never told go after their time', () => {
    const path = fresh()
    let time = 1_000
    const first = open(path, () => time)
    first.claim(claim({ key: 'open' }))
    first.claim(claim({ key: 'settled', stream: 'st_2' }))
    first.settle('st_2', 5_000)
    first.close()
    const second = open(path, () => time)
    time = 1_499
    assert.equal(second.claim(claim({ key: 'open', stream: 'st_3' }))?.stream, 'st_1')
    assert.equal(second.claim(claim({ key: 'settled', stream: 'st_4' }))?.stream, 'st_2')
    time = 1_500
    assert.equal(second.claim(claim({ key: 'open', stream: 'st_5' })), undefined)
    assert.equal(second.claim(claim({ key: 'settled', stream: 'st_6' }))?.stream, 'st_2')
    second.close()
  })

  test('expired rows are deleted along with other writes', async () => {
    const path = fresh()
    let time = 1_000
    const ledger = open(path, () => time)
    for (let i = 0; i < 250; i++) {
      ledger.claim(claim({ stream: `st_${i}`, bodyHash: `h${i}` }))
      ledger.settle(`st_${i}`, 1_100)
    }
    await turn()
    time = 2_000
    for (let i = 0; i < 3; i++) {
      ledger.claim(claim({ stream: `st_new_${i}` }))
      await turn()
    }
    ledger.close()
    const database = new DatabaseSync(path)
    assert.equal(database.prepare('SELECT count(*) AS rows FROM request').get()?.['rows'], 3)
    database.close()
  })

  test('is refused when a later version wrote it, or when it is no database', () => {
    const path = fresh()
    open(path).close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    assert.throws(() => open(path), { code: 'log_unavailable', message: /version 99/ })
    const other = fresh()
    writeFileSync(other, 'not a database, but long enough to be looked at '.repeat(20))
    assert.throws(() => open(other), { code: 'log_unavailable' })
  })

  test('while another process holds it, all is found from memory and written later', async () => {
    const path = fresh()
    const ledger = open(path)
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    ledger.claim(claim({ key: 'k' }))
    await turn()
    assert.match(ledger.reason ?? '', /locked/)
    assert.equal(ledger.claim(claim({ key: 'k', stream: 'st_2' }))?.stream, 'st_1')
    other.exec('COMMIT')
    while (ledger.reason !== undefined) await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(other.prepare('SELECT count(*) AS rows FROM request').get()?.['rows'], 1)
    other.close()
    ledger.close()
  })

  test('opening it prints nothing', () => {
    const url = new URL('../../src/ledger/ledger.ts', import.meta.url).href
    const script = `const { createLedger } = await import(${JSON.stringify(url)}); createLedger({ path: ':memory:', now: Date.now }).close()`
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    assert.deepEqual({ stderr, status }, { stderr: '', status: 0 })
  })
})

test('law: for one owner and key there is one stream, whatever is claimed, settled, forgotten and written in between', async () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('claim' as const), owner: fc.nat(1), key: fc.nat(2), body: fc.nat(1) }),
    fc.record({ type: fc.constant('forget' as const), stream: fc.nat(20) }),
    fc.record({ type: fc.constant('settle' as const), stream: fc.nat(20) }),
    fc.constant({ type: 'turn' as const }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const ledger = open()
      const truth = new Map<string, { stream: string; bodyHash: string }>()
      for (const [i, taken] of steps.entries()) {
        if (taken.type === 'turn') await turn()
        else if (taken.type === 'settle') ledger.settle(`st_${taken.stream}`, 9_999)
        else if (taken.type === 'forget') {
          ledger.forget(`st_${taken.stream}`)
          for (const [at, { stream }] of truth) if (stream === `st_${taken.stream}`) truth.delete(at)
        } else {
          const [owner, key, bodyHash] = [`o${taken.owner}`, `k${taken.key}`, `b${taken.body}`]
          const known = truth.get(`${owner} ${key}`)
          const attempt = (): string | undefined =>
            ledger.claim(claim({ owner, key, bodyHash, stream: `st_${i}` }))?.stream
          if (known === undefined) {
            assert.equal(attempt(), undefined)
            truth.set(`${owner} ${key}`, { stream: `st_${i}`, bodyHash })
          } else if (known.bodyHash === bodyHash) assert.equal(attempt(), known.stream)
          else assert.throws(attempt, { code: 'idempotency_mismatch' })
        }
      }
      ledger.close()
    }),
    { numRuns: 60 },
  )
})

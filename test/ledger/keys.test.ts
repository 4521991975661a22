import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { formatBudget, parseBudget } from '../../src/ledger/budget-text.ts'
import { openDatabase } from '../../src/ledger/database.ts'
import { KeyBook, type KeySpec } from '../../src/ledger/key-book.ts'
import { KeyTable } from '../../src/ledger/keys.ts'
import { createKeyDigest } from '../../src/node/key-digest.ts'
import { openKeys } from '../../src/node/open-keys.ts'

const SPEC: KeySpec = { name: 'test', scope: 'caller', limits: {} }

const folders: string[] = []
after(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))))

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-keys-'))
  folders.push(dir)
  return dir
}

/** Keys in memory, at a time that tests set. */
function memoryBook(time = { now: 1_700_000_000_000 }): { book: KeyBook; table: KeyTable } {
  const table = new KeyTable(openDatabase(':memory:', 20))
  return { book: new KeyBook(table, createKeyDigest({ dir: undefined, configured: undefined }), () => time.now), table }
}

describe('the keys of a ledger', () => {
  test('give back everything that was said of a key', () => {
    const { book } = memoryBook()
    const spec: KeySpec = {
      name: 'Ünïcode "quoted" \u0000 name',
      scope: 'caller',
      models: ['a', 'b/*'],
      limits: { requestsPerMinute: 5, maxConcurrent: 2, budget: { nanoDollars: 9_007_199_254_740_991, period: 'day' } },
      onDisconnect: 'grace=5',
      cachePool: 'team',
      metadata: { __proto__x: '1', team: "o'brien" },
      expiresAt: 1_700_000_999_999,
    }
    const { key, record } = book.create(spec)
    assert.match(key, /^sk-sluice-[A-Za-z0-9_-]{43}$/)
    assert.match(record.id, /^key_[0-9a-f]{24}$/)
    const found = book.lookUp(key)
    assert.equal(found?.until, undefined)
    const { id, createdAt, revokedAt, ...said } = found?.record ?? assert.fail('not found')
    assert.equal(id, record.id)
    assert.equal(createdAt, 1_700_000_000_000)
    assert.equal(revokedAt, undefined)
    assert.equal(JSON.stringify(said), JSON.stringify(spec))
    assert.deepEqual(book.find(id), found?.record)
    assert.deepEqual(book.list(), [found?.record])
  })

  test('are told apart by every character, and by nothing less', () => {
    const { book } = memoryBook()
    const { key } = book.create(SPEC)
    for (let i = 0; i < key.length; i++) {
      const other = key.slice(0, i) + (key[i] === 'A' ? 'B' : 'A') + key.slice(i + 1)
      if (other !== key) assert.equal(book.lookUp(other), undefined, `character ${i}`)
    }
    for (const near of [key.slice(0, -1), `${key}A`, `${key} `, ` ${key}`, `${key}\n`, key.toUpperCase()]) {
      assert.equal(book.lookUp(near), undefined, JSON.stringify(near))
    }
  })

  test('find nobody for any text that was not given out, whatever it holds', () => {
    const { book } = memoryBook()
    const { key } = book.create(SPEC)
    const before = JSON.stringify(book.list())
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.string({ maxLength: 60 }).map((text) => `sk-sluice-${text}`),
      fc.constantFrom("' OR 1=1 --", `${key}' OR '1'='1`, '\u0000', `${key}\u0000`, '"; DROP TABLE key; --', '%', '_'),
    )
    fc.assert(fc.property(texts, (text) => text === key || book.lookUp(text) === undefined))
    assert.equal(book.lookUp('x'.repeat(1024 * 1024)), undefined)
    assert.equal(book.lookUp(`sk-sluice-${'é'.repeat(43)}`), undefined)
    assert.equal(JSON.stringify(book.list()), before)
  })

  test('hash nothing of what cannot be a key', () => {
    const table = new KeyTable(openDatabase(':memory:', 20))
    const refuse = (): never => assert.fail('hashed')
    const book = new KeyBook(table, { fingerprint: refuse, mac: refuse }, Date.now)
    for (const text of ['', 'sk-sluice-', 'x'.repeat(1024 * 1024), `sk-sluice-${'a'.repeat(44)}`]) {
      assert.equal(book.lookUp(text), undefined)
      assert.equal(book.fingerprint(text), undefined)
    }
  })

  test('with a new secret keep their id, and the old one for the time that was said', () => {
    const time = { now: 1_700_000_000_000 }
    const { book } = memoryBook(time)
    const first = book.create(SPEC)
    const second = book.rotate(first.record.id, 60_000) ?? assert.fail('not rotated')
    assert.equal(second.record.id, first.record.id)
    assert.equal(book.lookUp(first.key)?.until, time.now + 60_000)
    assert.equal(book.lookUp(second.key)?.until, undefined)
    // A second rotation may shorten what is left of the first secret, never lengthen it.
    time.now += 1_000
    const third = book.rotate(first.record.id, 3_600_000) ?? assert.fail('not rotated')
    assert.equal(book.lookUp(first.key)?.until, 1_700_000_060_000)
    assert.equal(book.lookUp(second.key)?.until, time.now + 3_600_000)
    assert.equal(book.lookUp(third.key)?.record.id, first.record.id)
    assert.equal(book.list().length, 1)
    assert.equal(book.rotate('nobody', 0), undefined)
  })

  test('are revoked for good, once', () => {
    const time = { now: 1_700_000_000_000 }
    const { book } = memoryBook(time)
    const { key, record } = book.create(SPEC)
    assert.equal(book.revoke(record.id)?.revokedAt, time.now)
    time.now += 1_000
    assert.equal(book.revoke(record.id)?.revokedAt, time.now - 1_000)
    assert.equal(book.lookUp(key)?.record.revokedAt, time.now - 1_000)
    assert.deepEqual([...book.revoked()], [record.id])
    assert.throws(() => book.rotate(record.id, 0), { code: 'conflict' })
    assert.equal(book.revoke('nobody'), undefined)
    assert.equal(book.isEmpty, false)
  })

  test('tell of a change once, by whichever connection it was made', async () => {
    const path = join(await folder(), 'ledger.db')
    const [here, there] = [openDatabase(path, 1_000), openDatabase(path, 1_000)]
    const digest = createKeyDigest({ dir: undefined, configured: 'a secret of the test' })
    const table = new KeyTable(here)
    const mine = new KeyBook(table, digest, Date.now)
    const theirs = new KeyBook(new KeyTable(there), digest, Date.now)
    assert.equal(mine.hasChanged(), true, 'nothing is known at first')
    assert.equal(mine.hasChanged(), false)
    const { key, record } = theirs.create(SPEC)
    assert.equal(mine.hasChanged(), true)
    assert.equal(mine.hasChanged(), false)
    assert.equal(mine.lookUp(key)?.record.id, record.id)
    mine.revoke(record.id)
    assert.equal(mine.hasChanged(), true)
    assert.equal(theirs.lookUp(key)?.record.revokedAt !== undefined, true)
    there.exec("INSERT INTO request VALUES ('st_1', 'o', NULL, 'h', 1, NULL)")
    assert.equal(mine.hasChanged(), false, 'another table is no news')
    here.close()
    there.close()
  })

  test('let nobody in by a row that is no key', () => {
    const database = openDatabase(':memory:', 20)
    const digest = createKeyDigest({ dir: undefined, configured: 'a secret of the test' })
    const book = new KeyBook(new KeyTable(database), digest, Date.now)
    const { key } = book.create(SPEC)
    for (const damage of [`scope = 'root'`, `limits = '{'`, `models = '{}'`, `limits = '{"requestsPerMinute":"x"}'`]) {
      database.exec(`UPDATE key SET scope = 'caller', limits = '{}', models = NULL; UPDATE key SET ${damage}`)
      assert.throws(() => book.lookUp(key), { code: 'log_unavailable', message: 'The keys cannot be read now' })
    }
  })
})

describe('the secret of the keys', () => {
  test('is made with the first key, for its owner only, and nothing on disk is a key or its plain hash', async () => {
    const dir = await folder()
    const keys = openKeys(dir, undefined, true)
    assert.deepEqual((await readdir(dir)).includes('secret'), false)
    const { key } = keys.book.create(SPEC)
    keys.close()
    assert.equal((await stat(join(dir, 'secret'))).mode & 0o777, 0o600)
    assert.deepEqual(
      (await readdir(dir)).filter((name) => name.startsWith('secret')),
      ['secret'],
    )
    const plainHash = createKeyDigest({ dir, configured: undefined }).fingerprint(key)
    for (const name of await readdir(dir)) {
      const bytes = await readFile(join(dir, name), 'latin1')
      assert.ok(!bytes.includes(key.slice(10)), `${name} holds the key`)
      assert.ok(!bytes.includes(plainHash), `${name} holds its plain hash`)
    }
    const again = openKeys(dir, undefined, false)
    assert.ok(again.book.lookUp(key) !== undefined)
    again.close()
  })

  test('that is another one is noticed before a key is made or looked up with it', async () => {
    const dir = await folder()
    const keys = openKeys(dir, undefined, true)
    const { key, record } = keys.book.create(SPEC)
    keys.close()
    const other = openKeys(dir, 'another secret of 24 chars', false)
    const wrong = { code: 'log_unavailable', message: /made with another secret/ }
    assert.throws(() => other.book.lookUp(key), wrong)
    assert.throws(() => other.book.create(SPEC), wrong)
    assert.throws(() => other.book.rotate(record.id, 0), wrong)
    // What needs no secret still can be done: a stolen key must be revocable.
    assert.ok(other.book.revoke(record.id)?.revokedAt !== undefined)
    other.close()
    await rm(join(dir, 'secret'))
    const without = openKeys(dir, undefined, false)
    assert.throws(() => without.book.lookUp(key), { code: 'log_unavailable', message: /there is no file .*secret/ })
    without.close()
  })

  test('is refused when it is empty or short', async () => {
    for (const configured of ['', 'short']) {
      assert.throws(() => createKeyDigest({ dir: undefined, configured }), { code: 'config_invalid' })
    }
    const dir = await folder()
    await writeFile(join(dir, 'secret'), '\n')
    const keys = openKeys(dir, undefined, true)
    assert.throws(() => keys.book.create(SPEC), { code: 'log_unavailable', message: /holds no secret/ })
    keys.close()
  })
})

describe('a budget in words', () => {
  test('is exact to a billionth of a dollar, and the same in both directions', () => {
    assert.deepEqual(parseBudget('5/day'), { nanoDollars: 5_000_000_000, period: 'day' })
    assert.deepEqual(parseBudget('$0.1/month'), { nanoDollars: 100_000_000, period: 'month' })
    assert.deepEqual(parseBudget('0.000000001'), { nanoDollars: 1, period: 'total' })
    const periods = fc.constantFrom('day', 'month', 'total')
    fc.assert(
      fc.property(fc.maxSafeNat(), periods, (nanoDollars, period) => {
        const budget = { nanoDollars, period } as const
        assert.deepEqual(parseBudget(formatBudget(budget)), budget)
      }),
    )
  })

  test('is refused when it is anything else', () => {
    for (const text of [
      '',
      '5/week',
      '-5/day',
      '5/',
      '/day',
      '1e3',
      '5,00',
      '0.0000000001',
      '99999999',
      'NaN',
      '5/DAY',
    ]) {
      assert.equal(parseBudget(text), undefined, text)
    }
  })
})

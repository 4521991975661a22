import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BudgetAccounts } from '../../src/ledger/budget.ts'
import { BudgetTable, periodAt } from '../../src/ledger/budget-table.ts'
import { openDatabase } from '../../src/ledger/database.ts'
import { createLedger } from '../../src/ledger/ledger.ts'

const NOON = Date.UTC(2026, 1, 28, 12)
const daily = { nanoDollars: 1_000, period: 'day' } as const

describe('a period', () => {
  test('is a day or a month in UTC, or all time', () => {
    const march = Date.UTC(2026, 2, 1)
    assert.deepEqual(periodAt('day', NOON), { name: '2026-02-28', from: Date.UTC(2026, 1, 28), to: march })
    assert.deepEqual(periodAt('day', march - 1).name, '2026-02-28')
    assert.deepEqual(periodAt('day', march).name, '2026-03-01')
    assert.deepEqual(periodAt('month', NOON), { name: '2026-02', from: Date.UTC(2026, 1, 1), to: march })
    assert.equal(periodAt('month', Date.UTC(2026, 11, 31, 23)).to, Date.UTC(2027, 0, 1))
    assert.deepEqual(periodAt('total', NOON), { name: 'total', from: -Infinity, to: Infinity })
  })
})

describe('what a key has spent', () => {
  test('adds up, begins anew with each period, and is found again in its own', () => {
    let now = NOON
    const ledger = createLedger({ path: ':memory:', now: () => now })
    const accounts = new BudgetAccounts(ledger.budgets, () => now)
    const account = accounts.of('key_a', daily)
    account.charge(400)
    account.charge(600)
    assert.equal(account.spent, 1_000)
    assert.equal(account.isEmpty, true)
    assert.equal(account.isOver, false)
    assert.equal(account.renewsInMs, 12 * 3_600_000)
    now += 12 * 3_600_000
    assert.equal(accounts.of('key_a', daily).isEmpty, false)
    account.charge(1)
    assert.equal(ledger.budgets.spent('key_a', '2026-02-28'), 1_000)
    assert.equal(ledger.budgets.spent('key_a', '2026-03-01'), 1)
    assert.equal(ledger.budgets.spent('key_b', '2026-03-01'), 0)
    ledger.close()
  })

  test('is counted with what is running, and by the budget that the key has now', () => {
    const ledger = createLedger({ path: ':memory:', now: () => NOON })
    const accounts = new BudgetAccounts(ledger.budgets, () => NOON)
    const account = accounts.of('key_a', daily)
    account.charge(500)
    account.running += 500
    assert.equal(account.isEmpty, true)
    account.running += 1
    assert.equal(account.isOver, true)
    assert.equal(accounts.of('key_a', { nanoDollars: 5_000, period: 'day' }).isEmpty, false)
    ledger.close()
  })

  test('survives kill -9, up to the last turn', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-budget-'))
    try {
      const path = join(folder, 'ledger.db')
      const source = (name: string): string => fileURLToPath(new URL(`../../src/ledger/${name}.ts`, import.meta.url))
      const program = `
        import { BudgetAccounts } from ${JSON.stringify(source('budget'))}
        import { createLedger } from ${JSON.stringify(source('ledger'))}
        const now = () => ${NOON}
        const ledger = createLedger({ path: ${JSON.stringify(path)}, now })
        const account = new BudgetAccounts(ledger.budgets, now).of('key_a', { nanoDollars: 9, period: 'day' })
        for (let i = 0; i < 1_000; i++) account.charge(7)
        setImmediate(() => setImmediate(() => process.kill(process.pid, 'SIGKILL')))`
      const signal = await new Promise((resolve) => {
        const child = execFile(process.execPath, ['--input-type=module-typescript', '--eval', program])
        child.once('exit', (_, how) => resolve(how))
      })
      assert.equal(signal, 'SIGKILL')
      const ledger = createLedger({ path, now: () => NOON })
      assert.equal(ledger.budgets.spent('key_a', '2026-02-28'), 7_000)
      ledger.close()
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('is read again when the key is given a budget of another period, or the clock is set back', () => {
    let now = NOON
    const ledger = createLedger({ path: ':memory:', now: () => now })
    const accounts = new BudgetAccounts(ledger.budgets, () => now)
    accounts.of('key_a', daily).charge(300)
    assert.equal(accounts.of('key_a', { nanoDollars: 1_000, period: 'month' }).spent, 0)
    accounts.of('key_a', { nanoDollars: 1_000, period: 'month' }).charge(50)
    assert.equal(accounts.of('key_a', daily).spent, 300)
    now -= 86_400_000
    accounts.of('key_a', daily).charge(7)
    assert.equal(ledger.budgets.spent('key_a', '2026-02-27'), 7)
    now += 86_400_000
    accounts.of('key_a', daily).charge(1)
    assert.equal(ledger.budgets.spent('key_a', '2026-02-28'), 301)
    ledger.close()
  })

  test('stays closed where what was spent cannot be read', () => {
    const ledger = createLedger({ path: ':memory:', now: () => NOON })
    const accounts = new BudgetAccounts(ledger.budgets, () => NOON)
    accounts.of('key_a', { nanoDollars: 1_000, period: 'month' })
    const broken = new Error('disk I/O error')
    const spent = ledger.budgets.spent.bind(ledger.budgets)
    ledger.budgets.spent = () => {
      throw broken
    }
    // The first failure must not be taken for an answer by the second request.
    for (let i = 0; i < 2; i++) assert.throws(() => accounts.of('key_a', daily), broken)
    ledger.budgets.spent = spent
    assert.equal(accounts.of('key_a', daily).spent, 0)
    ledger.close()
  })

  test('is on disk in the next turn, and then at most every 50 milliseconds, with all that changed', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const folder = await mkdtemp(join(tmpdir(), 'sluice-budget-'))
    const path = join(folder, 'ledger.db')
    createLedger({ path, now: () => NOON }).close()
    const [database, reader] = [openDatabase(path, 20), openDatabase(path, 20)]
    const found = reader.prepare("SELECT nano_dollars FROM budget WHERE key = 'key_a'")
    const onDisk = (): unknown => found.get()?.['nano_dollars']
    let now = 0
    const table = new BudgetTable(database, () => now)
    const account = new BudgetAccounts(table, () => NOON).of('key_a', daily)
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) await turn()
    }
    account.charge(1)
    await turns()
    assert.equal(onDisk(), 1)
    for (let i = 0; i < 10; i++) {
      account.charge(1)
      await turns()
    }
    assert.equal(onDisk(), 1)
    assert.equal(table.spent('key_a', '2026-02-28'), 11)
    now = 50
    t.mock.timers.tick(50)
    await turns()
    assert.equal(onDisk(), 11)
    account.charge(1)
    await turns()
    assert.equal(onDisk(), 11)
    table.close()
    assert.equal(onDisk(), 12)
    database.close()
    reader.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('is written in one transaction for all keys that changed in a turn', async () => {
    const ledger = createLedger({ path: ':memory:', now: () => NOON })
    const accounts = new BudgetAccounts(ledger.budgets, () => NOON)
    for (let i = 0; i < 700; i++) accounts.of(`key_${i % 600}`, daily).charge(1)
    for (let i = 0; i < 5; i++) await turn()
    assert.equal(ledger.reason, undefined)
    assert.equal(ledger.budgets.spent('key_5', '2026-02-28'), 2)
    assert.equal(ledger.budgets.spent('key_500', '2026-02-28'), 1)
    ledger.close()
  })
})

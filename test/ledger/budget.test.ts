import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BudgetAccounts } from '../../src/ledger/budget.ts'
import { endOfPeriod, periodOf } from '../../src/ledger/budget-table.ts'
import { createLedger } from '../../src/ledger/ledger.ts'

const NOON = Date.UTC(2026, 1, 28, 12)
const daily = { nanoDollars: 1_000, period: 'day' } as const

describe('a period', () => {
  test('is a day or a month in UTC, or all time', () => {
    assert.equal(periodOf('day', NOON), '2026-02-28')
    assert.equal(periodOf('month', NOON), '2026-02')
    assert.equal(periodOf('total', NOON), 'total')
    assert.equal(endOfPeriod('day', NOON), Date.UTC(2026, 2, 1))
    assert.equal(endOfPeriod('month', NOON), Date.UTC(2026, 2, 1))
    assert.equal(endOfPeriod('month', Date.UTC(2026, 11, 31, 23)), Date.UTC(2027, 0, 1))
    assert.equal(endOfPeriod('total', NOON), undefined)
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

  test('is written in one transaction for all that changed in a turn', async () => {
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

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Random } from './random.ts'
import { modelSchedules } from './upstream/breaker-model.ts'
import { faultCases } from './upstream/cases.ts'
import { faultTable } from './upstream/faults.ts'
import { firstByteTable } from './upstream/first-byte.ts'
import { judge, type Truth } from './upstream/judge.ts'
import type { Reading } from './upstream/reading.ts'
import { requestTable } from './upstream/requests.ts'
import { seamTable } from './upstream/seams.ts'
import { Violations } from './violations.ts'

const TRUTH: Truth = { text: 'Hello', calls: [], mayBeFiltered: false, mayGoOn: false }
const WHOLE: Reading = {
  status: 200,
  text: 'Hello',
  calls: [],
  finish: 'stop',
  end: 'done',
  error: undefined,
  completionTokens: undefined,
  faults: [],
  firstAt: 1,
  ms: 1,
}
const FAILED: Reading = {
  ...WHOLE,
  text: 'Hel',
  finish: undefined,
  end: 'error',
  error: { message: 'm', type: 't', code: 'c', param: null },
}

describe('providers that fail', () => {
  test('each fault of the simulator ends in the whole answer once, or in one honest error', async () => {
    const violations = new Violations()
    const cases = faultCases({ whole: false, pairs: 20 }, new Random(1))
    const printed = await faultTable(cases, violations)
    assert.equal(violations.text(), '', printed)
  })

  test('answers cut at every tenth token are joined without a lost or repeated character', async () => {
    const violations = new Violations()
    const printed = await seamTable({ step: 10, overlaps: 2 }, violations)
    assert.equal(violations.text(), '', printed)
  })

  test('requests of every kind, cut at every eighth token, are gone on with or ended honestly', async () => {
    const violations = new Violations()
    const printed = await requestTable(8, violations)
    assert.equal(violations.text(), '', printed)
  })

  test('where the first target says nothing, the second one has its first text within a second of the deadline', async () => {
    const violations = new Violations()
    const printed = await firstByteTable(1, violations)
    assert.equal(violations.text(), '', printed)
  })

  test('a breaker lets one probe through at a time, and everybody within 30 s of the recovery', () => {
    const violations = new Violations()
    for (const hangs of [5, 5_000, 60_000]) modelSchedules(40, hangs, new Random(1), violations)
    assert.equal(violations.text(), '')
  })

  test('the checker accepts the whole answer and an honest error', () => {
    assert.deepEqual(judge(WHOLE, TRUTH), { outcome: 'whole', wrong: [] })
    assert.deepEqual(judge(FAILED, TRUTH).wrong, [])
  })

  const dishonest: readonly (readonly [string, Reading])[] = [
    ['a shorter answer as success', { ...WHOLE, text: 'Hel' }],
    ['a repeated character', { ...WHOLE, text: 'Helllo' }],
    ['a lost character', { ...WHOLE, text: 'Helo' }],
    ['a stream whose ids have a gap', { ...WHOLE, faults: ['an id out of order: st_x:3'] }],
    ['a success without finish_reason', { ...WHOLE, finish: undefined }],
    ['an end without a terminal', { ...FAILED, end: 'silent end' }],
    ['a connection that broke', { ...FAILED, end: 'cut' }],
    ['an error that says nothing', { ...FAILED, error: undefined }],
    ['text before an error that is not the answer’s', { ...FAILED, text: 'Hal' }],
  ]
  for (const [what, reading] of dishonest) {
    test(`the checker sees ${what}`, () => {
      assert.notDeepEqual(judge(reading, TRUTH).wrong, [])
    })
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SluiceError } from '../../src/errors.ts'
import { Breakers, underPass } from '../../src/upstream/breakers.ts'
import { plainProvider, target } from '../support/gateway.ts'
import { TestClock } from '../support/clock.ts'

const failure = new SluiceError('provider_unavailable', 'x')
const asked = target(plainProvider('http://127.0.0.1:1/v1'), 'm', { head: 60_000 })

describe('a target that keeps failing', () => {
  test('is left out after five failures, then probed by one request at a time', () => {
    const clock = new TestClock()
    const breakers = new Breakers(clock)
    for (let i = 0; i < 5; i++) breakers.pass(asked, 'm')?.ill(failure)
    assert.equal(breakers.pass(asked, 'm'), undefined)
    clock.advance(2_000)
    const probe = breakers.pass(asked, 'm')
    assert.equal(probe?.isProbe, true)
    assert.equal(breakers.pass(asked, 'm'), undefined, 'one probe at a time')
    probe?.well()
    assert.equal(breakers.pass(asked, 'm')?.isProbe, false)
  })

  test('is probed with a short wait for its head, so that one that hangs does not keep it out', () => {
    const clock = new TestClock()
    const breakers = new Breakers(clock)
    const pass = breakers.pass(asked, 'm')
    assert.ok(pass !== undefined)
    assert.equal(underPass(asked, pass).deadlines.head, 60_000)
    const { deadlines } = underPass(asked, { ...pass, isProbe: true })
    assert.deepEqual([deadlines.head, deadlines.firstToken], [10_000, 10_000])
  })

  test('is not left out for what failed long ago, where younger tries went well', () => {
    const clock = new TestClock()
    const breakers = new Breakers(clock)
    const hung = Array.from({ length: 20 }, () => breakers.pass(asked, 'm'))
    clock.advance(20_000)
    hung[0]?.ill(failure)
    breakers.pass(asked, 'm')?.well()
    for (const pass of hung.slice(1)) pass?.ill(failure)
    assert.equal(breakers.pass(asked, 'm')?.isProbe, false)
    const quick = Array.from({ length: 5 }, () => breakers.pass(asked, 'm'))
    clock.advance(5_000)
    for (const pass of quick) pass?.ill(failure)
    assert.equal(breakers.pass(asked, 'm'), undefined)
  })

  test('is given twice the time it needed when it was well, and no more than its deadlines', () => {
    const clock = new TestClock()
    const breakers = new Breakers(clock)
    const slow = breakers.pass(asked, 'm')
    clock.advance(16_000)
    slow?.well()
    for (let i = 0; i < 5; i++) breakers.pass(asked, 'm')?.ill(failure)
    clock.advance(2_000)
    const probe = breakers.pass(asked, 'm') ?? assert.fail('no probe')
    assert.equal(underPass(asked, probe).deadlines.head, 32_000)
    const hasty = target(plainProvider('http://127.0.0.1:1/v1'), 'm', { head: 3_000 })
    assert.equal(underPass(hasty, probe).deadlines.head, 3_000)
  })
})

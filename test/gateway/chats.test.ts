import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Chats, type ChatLimits } from '../../src/gateway/chats.ts'
import { TestClock } from '../support/clock.ts'

const turn = (content: string) => ({ role: 'user', content })

function rig(limits: Partial<ChatLimits> = {}) {
  const clock = new TestClock()
  const chats = new Chats(clock, { chats: 3, turns: 4, size: 1_000, ttl: 60_000, ...limits })
  const say = (owner: string, id: string, ...texts: readonly string[]) => {
    chats.begin(owner, id, false)
    chats.end(owner, id, texts.map(turn))
  }
  const said = (owner: string, id: string) => chats.begin(owner, id, false).map(({ content }) => content)
  return { clock, chats, say, said }
}

describe('remembered chats', () => {
  test('go on where they were, each of its owner', () => {
    const { say, said } = rig()
    say('a', 'x', 'one', 'two')
    say('b', 'x', 'other')
    say('a', 'x', 'three')
    assert.deepEqual(said('a', 'x'), ['one', 'two', 'three'])
    assert.deepEqual(said('b', 'x'), ['other'])
    assert.deepEqual(said('a","x', ''), [])
  })

  test('forget their oldest turns beyond a number, and beyond a size', () => {
    const { say, said } = rig()
    for (const text of ['1', '2', '3', '4', '5']) say('a', 'x', text)
    assert.deepEqual(said('a', 'x'), ['2', '3', '4', '5'])
    say('a', 'y', 'small', 'x'.repeat(960))
    assert.deepEqual(said('a', 'y').length, 1)
    say('a', 'y', 'x'.repeat(2_000))
    assert.deepEqual(said('a', 'y'), [])
  })

  test('are forgotten when nobody goes on with them, and the longest unused first when there are many', () => {
    const { clock, chats, say, said } = rig()
    say('a', '1', 'one')
    clock.advance(30_000)
    say('a', '2', 'two')
    say('a', '1', 'more')
    say('a', '3', 'three')
    say('a', '4', 'four')
    assert.ok(chats.count <= 3)
    assert.deepEqual(said('a', '1'), ['one', 'more'])
    clock.advance(60_000)
    assert.deepEqual(said('a', '1'), [])
  })

  test('keep nothing of an answer that did not come', () => {
    const { chats, say } = rig()
    say('a', 'x')
    assert.equal(chats.count, 0)
  })

  test('are busy from a question to its answer, where it matters', () => {
    const { chats } = rig()
    chats.begin('a', 'x', true)
    assert.throws(() => chats.begin('a', 'x', true), { code: 'conflict' })
    chats.begin('a', 'x', false)
    chats.end('a', 'x', [])
    chats.begin('a', 'x', true)
  })
})

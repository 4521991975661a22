import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Answer, Message } from '../../src/chat/message.ts'
import { further, merge, newestLeaf, pathTo, titleOf, type Conversation } from '../../src/chat/tree.ts'

function user(id: string, parent: string | undefined, createdAt = 1): Message {
  return { role: 'user', id, parent, createdAt, text: id }
}

function answer(id: string, parent: string, more: Partial<Answer> = {}): Answer {
  return {
    role: 'assistant',
    id,
    parent,
    createdAt: 1,
    askedAt: 1,
    settings: { model: 'm' },
    status: 'done',
    text: '',
    reasoning: '',
    toolCalls: [],
    events: [],
    timings: { arrivals: [] },
    resumed: 0,
    part: 1,
    partAt: { text: 0, reasoning: 0 },
    ...more,
  }
}

function conversation(messages: readonly Message[], more: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c',
    title: 't',
    createdAt: 1,
    updatedAt: 1,
    settings: { model: 'm' },
    messages,
    leaf: undefined,
    ...more,
  }
}

const byId = (messages: readonly Message[]): Map<string, Message> => new Map(messages.map((each) => [each.id, each]))

describe('a tree of messages', () => {
  test('gives the way from the start to a leaf, and ends in a damaged one', () => {
    const messages = byId([user('a', undefined), answer('b', 'a'), user('c', 'b'), user('d', 'b')])
    assert.deepEqual(
      pathTo(messages, 'd').map(({ id }) => id),
      ['a', 'b', 'd'],
    )
    assert.deepEqual(pathTo(messages, undefined), [])
    const circle = byId([user('a', 'b'), user('b', 'a')])
    assert.equal(pathTo(circle, 'a').length, 2)
    assert.equal(pathTo(byId([user('a', 'lost')]), 'a').length, 1)
  })

  test('follows the newest child', () => {
    const messages = byId([user('a', undefined), answer('b', 'a'), answer('c', 'a'), user('d', 'b'), user('e', 'c')])
    assert.equal(newestLeaf(messages, 'a'), 'e')
    assert.equal(newestLeaf(messages, 'b'), 'd')
    assert.equal(newestLeaf(messages, 'e'), 'e')
  })

  test('takes of two versions of an answer the one that is further on', () => {
    const short = answer('a', 'u', { status: 'streaming', text: 'on' })
    const long = answer('a', 'u', { status: 'streaming', text: 'one' })
    const ended = answer('a', 'u', { status: 'stopped', text: 'o' })
    const continued = answer('a', 'u', { status: 'waiting', text: 'o', part: 2 })
    const ascending = [short, long, ended, continued]
    for (const [i, a] of ascending.entries()) {
      for (const [j, b] of ascending.entries()) if (i !== j) assert.equal(further(a, b), i > j ? a : b, `${i} ${j}`)
    }
  })

  test('shortens a title at its first line', () => {
    assert.equal(titleOf('  Hello\nworld'), 'Hello')
    assert.equal(Array.from(titleOf('🙂'.repeat(100))).length, 60)
  })
})

describe('merging two versions of a conversation', () => {
  const anyMessage = fc
    .record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), n: fc.nat(5), done: fc.boolean() })
    .map(({ id, n, done }): Message => answer(id, 'u', { text: 'x'.repeat(n), status: done ? 'done' : 'streaming' }))
  const anyConversation = fc
    .record({ messages: fc.uniqueArray(anyMessage, { selector: ({ id }) => id }), updatedAt: fc.nat(3) })
    .map(({ messages, updatedAt }) => conversation(messages, { updatedAt, leaf: messages.at(-1)?.id }))

  test('loses no message, and is the same when it is done again', () => {
    fc.assert(
      fc.property(anyConversation, anyConversation, (a, b) => {
        const merged = merge(a, b)
        const ids = new Set([...a.messages, ...b.messages].map(({ id }) => id))
        assert.deepEqual(new Set(merged.messages.map(({ id }) => id)), ids)
        assert.equal(merged.messages.length, ids.size)
        assert.deepEqual(new Set(merge(merged, b).messages), new Set(merged.messages))
        for (const message of merged.messages) {
          for (const each of [...a.messages, ...b.messages]) {
            if (each.id === message.id && each.role === 'assistant' && message.role === 'assistant') {
              assert.ok(message.status === 'done' || each.status !== 'done')
              if (message.status === each.status) assert.ok(message.text.length >= each.text.length)
            }
          }
        }
      }),
    )
  })

  test('shows what the later one showed', () => {
    const a = conversation([user('a', undefined)], { updatedAt: 2, leaf: 'a', title: 'later' })
    const b = conversation([user('b', undefined)], { updatedAt: 1, leaf: 'b', title: 'earlier' })
    for (const merged of [merge(a, b), merge(b, a)]) {
      assert.equal(merged.leaf, 'a')
      assert.equal(merged.title, 'later')
      assert.equal(merged.messages.length, 2)
    }
  })
})

import 'fake-indexeddb/auto'
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createIndexedDbStore } from '../../src/chat/indexed-db.ts'
import { createMemoryStore, type ConversationStore } from '../../src/chat/store.ts'
import type { Conversation } from '../../src/chat/tree.ts'
import { until } from '../support/until.ts'

let databases = 0
const STORES: Readonly<Record<string, () => ConversationStore>> = {
  memory: createMemoryStore,
  IndexedDB: () => createIndexedDbStore(`test${++databases}`),
}

function conversation(id: string, text: string, more: Partial<Conversation> = {}): Conversation {
  const message = { role: 'user', id: `${id}-${text}`, parent: undefined, createdAt: 1, text } as const
  return {
    id,
    title: text,
    createdAt: 1,
    updatedAt: 1,
    settings: { model: 'm' },
    messages: [message],
    leaf: message.id,
    ...more,
  }
}

for (const [name, create] of Object.entries(STORES)) {
  describe(`conversations kept in ${name}`, () => {
    test('come back as they were', async () => {
      const store = create()
      assert.equal(await store.load('a'), undefined)
      await store.save(conversation('a', 'hello'))
      assert.deepEqual(await store.load('a'), conversation('a', 'hello'))
      assert.deepEqual(await store.list(), [{ id: 'a', title: 'hello', updatedAt: 1 }])
    })

    test('are merged with what another tab wrote, also when both write at once', async () => {
      const store = create()
      await Promise.all([store.save(conversation('a', 'one')), store.save(conversation('a', 'two', { updatedAt: 2 }))])
      const kept = await store.load('a')
      assert.equal(kept?.messages.length, 2)
      assert.equal(kept?.title, 'two')
    })

    test('are found by all words, in any case, in title or text', async () => {
      const store = create()
      await store.save(conversation('a', 'The Lighthouse keeper'))
      await store.save(conversation('b', 'Ключ и маяк'))
      assert.deepEqual(await store.search('keeper LIGHT'), ['a'])
      assert.deepEqual(await store.search('МАЯК'), ['b'])
      assert.deepEqual(await store.search('keeper маяк'), [])
    })

    test('are gone when they are removed', async () => {
      const store = create()
      await store.save(conversation('a', 'x'))
      await store.remove('a')
      assert.deepEqual(await store.list(), [])
    })
  })
}

test('another tab is told of a change', async () => {
  const [one, two] = [createIndexedDbStore('shared'), createIndexedDbStore('shared')]
  const told: string[] = []
  const stop = two.watch((id) => told.push(id))
  await one.save(conversation('a', 'x'))
  await until(() => told.length === 1, 2_000, 'the other store is told')
  stop()
  await one.remove('a')
  assert.deepEqual(told, ['a'])
  // Node keeps running while a channel is open.
  setImmediate(() => process.exit())
})

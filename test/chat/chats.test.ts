import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chats } from '../../src/chat/chats.ts'
import { createMemoryStore } from '../../src/chat/store.ts'
import { ScriptedClient, settle } from './support.ts'

test('several conversations are answered at once, and the list says which', async () => {
  const client = new ScriptedClient()
  const frames: (() => void)[] = []
  const chats = new Chats({ client, store: createMemoryStore(), frame: (run) => void frames.push(run) })
  let told = 0
  chats.subscribe(() => told++)
  const [one, two] = [chats.open('one'), chats.open('two')]
  assert.equal(chats.open('one'), one)
  void one.send('first')
  void two.send('second')
  await settle()
  // In no order: both may have been asked within one millisecond.
  const busy = new Map(chats.getSnapshot().map(({ title, isBusy }) => [title, isBusy]))
  assert.deepEqual(
    busy,
    new Map([
      ['first', true],
      ['second', true],
    ]),
  )
  const before = told
  const list = chats.getSnapshot()
  for (let i = 0; i < 10; i++) {
    client.asked[0]?.say('x')
    await settle()
    for (const run of frames.splice(0)) run()
  }
  assert.equal(told, before, 'a growing answer does not change the list')
  assert.equal(chats.getSnapshot(), list)
  client.asked[0]?.finish()
  await settle()
  assert.deepEqual(
    chats
      .getSnapshot()
      .filter(({ isBusy }) => isBusy)
      .map(({ title }) => title),
    ['second'],
  )
  assert.deepEqual(
    (await chats.search('first')).map(({ id }) => id),
    ['one'],
  )
  await chats.remove('two')
  assert.equal(client.asked[1]?.isCancelled, true)
  assert.deepEqual(
    chats.getSnapshot().map(({ id }) => id),
    ['one'],
  )
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMemoryStore } from '../../src/chat/store.ts'
import { ScriptedClient, settle, startChat } from './support.ts'

const named = (name: string, code?: string): Error => Object.assign(new Error('it went wrong'), { name, code })

describe('a conversation', () => {
  test('asks with what was said before, and shows the answer as it comes', async () => {
    const { chat, client, frame, answer } = startChat({ settings: { model: 'm', system: 'Be brief', temperature: 0 } })
    const sent = chat.send('Hello')
    await settle()
    assert.equal(answer().status, 'waiting')
    client.asked[0]?.say('Hi', ' there')
    await settle()
    frame()
    assert.equal(answer().text, 'Hi there')
    assert.equal(answer().status, 'streaming')
    client.asked[0]?.finish()
    await sent
    assert.equal(answer().status, 'done')
    void chat.send('And now?')
    await settle()
    const request = client.asked[1]?.request
    assert.deepEqual(request?.messages, [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi there' },
      { role: 'user', content: 'And now?' },
    ])
    assert.equal(request?.temperature, 0)
    assert.equal(chat.getSnapshot().title, 'Hello')
  })

  test('tells its listeners once per frame, however many chunks came, and replaces only the last message', async () => {
    const { chat, client, frame } = startChat()
    void chat.send('a')
    await settle()
    let told = 0
    chat.subscribe(() => told++)
    await settle()
    told = 0
    const before = chat.getSnapshot().messages
    for (let i = 0; i < 100; i++) client.asked[0]?.say(`${i} `)
    await settle()
    assert.equal(told, 0)
    assert.equal(frame(), 1)
    assert.equal(told, 1)
    const after = chat.getSnapshot().messages
    assert.equal(after[0], before[0])
    assert.notEqual(after[1], before[1])
    frame()
    assert.equal(chat.getSnapshot().messages, after)
  })

  test('keeps text, reasoning, tool calls, named events, usage, cost and times of an answer', async () => {
    const { chat, client, clock, answer } = startChat({ priceOf: (_model, usage) => usage.total_tokens / 1_000 })
    const sent = chat.send('a')
    await settle()
    const [stream] = client.asked
    clock.advance(200)
    stream?.delta({ reasoning_content: 'hm' })
    await settle()
    clock.advance(50)
    stream?.event({ type: 'event', name: 'flowNodeStatus', data: { name: 'search' } })
    stream?.delta({
      tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a"' } }],
    })
    stream?.delta({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] })
    stream?.event({
      type: 'chunk',
      chunk: {
        id: '1',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      },
    })
    stream?.finish()
    await sent
    const done = answer()
    assert.equal(done.reasoning, 'hm')
    assert.deepEqual(done.toolCalls, [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }])
    assert.deepEqual(done.events, [{ name: 'flowNodeStatus', data: { name: 'search' } }])
    assert.equal(done.usage?.total_tokens, 7)
    assert.equal(done.cost, 0.007)
    assert.equal(done.timings.firstTokenMs, 200)
    assert.equal(done.timings.totalMs, 250)
    assert.equal(done.timings.arrivals[0], 200)
  })

  test('stops: the model too, and what came stays', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('half')
    await settle()
    chat.stop()
    assert.equal(answer().status, 'stopped')
    assert.equal(answer().text, 'half')
    await sent
    assert.equal(client.asked[0]?.isCancelled, true)
    assert.equal(chat.getSnapshot().status, 'ready')
  })

  test('stops an answer that has no stream yet as soon as it has one', async () => {
    const { chat, client, answer } = startChat()
    const head = Promise.withResolvers<void>()
    client.head = head.promise
    const sent = chat.send('a')
    await settle()
    chat.stop()
    assert.equal(answer().status, 'stopped')
    assert.equal(client.asked[0]?.isCancelled, false)
    head.resolve()
    await sent
    assert.equal(client.asked[0]?.isCancelled, true)
  })

  test('queues what is said while an answer comes, and can take it back', async () => {
    const { chat, client } = startChat()
    const sent = chat.send('one')
    await settle()
    await chat.send('two')
    await chat.send('three')
    await chat.send('four')
    chat.unqueue(1)
    assert.deepEqual(chat.getSnapshot().queue, ['two', 'four'])
    client.asked[0]?.finish()
    await settle()
    assert.deepEqual(chat.getSnapshot().queue, ['four'])
    client.asked[1]?.finish()
    await settle()
    client.asked[2]?.finish()
    await sent
    const said = chat.getSnapshot().messages.filter(({ role }) => role === 'user')
    assert.deepEqual(
      said.map(({ text }) => text),
      ['one', 'two', 'four'],
    )
  })

  test('holds the queue after a failure', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('one')
    await settle()
    await chat.send('two')
    client.asked[0]?.fail(named('RateLimitError', 'rate_limit_exceeded'))
    await sent
    assert.deepEqual(answer().error, { message: 'it went wrong', code: 'rate_limit_exceeded', resumable: false })
    assert.deepEqual(chat.getSnapshot().queue, ['two'])
    assert.equal(client.asked.length, 1)
  })

  test('answers again in a branch of its own, and goes between branches', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('first').finish()
    await sent
    const first = answer().id
    const again = chat.regenerate()
    await settle()
    client.asked[1]?.say('second').finish()
    await again
    assert.equal(answer().text, 'second')
    // A cache would give the first answer again.
    const asked = client.asked.map(({ options }) => options?.headers['cache-control'])
    assert.deepEqual(asked, [undefined, 'no-cache'])
    assert.deepEqual(chat.alternatives(first), [first, answer().id])
    chat.choose(first)
    assert.equal(answer().text, 'first')
  })

  test('says something else in place of a message, and keeps what was said before', async () => {
    const { chat, client, answer } = startChat()
    for (const text of ['a', 'b']) {
      const sent = chat.send(text)
      await settle()
      client.asked.at(-1)?.say(`answer to ${text}`).finish()
      await sent
    }
    const [first] = chat.getSnapshot().messages
    const edited = chat.edit(first?.id ?? '', 'A')
    await settle()
    assert.deepEqual(client.asked.at(-1)?.request?.messages, [{ role: 'user', content: 'A' }])
    client.asked.at(-1)?.say('answer to A').finish()
    await edited
    assert.equal(chat.getSnapshot().messages.length, 2)
    chat.choose(first?.id ?? '')
    assert.equal(answer().text, 'answer to b')
    assert.equal(chat.getSnapshot().messages.length, 4)
  })

  test('continues a stopped answer: asks for the rest and drops what is repeated', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('The quick brown fox')
    await settle()
    chat.stop()
    await sent
    const more = chat.continue()
    await settle()
    const { request, options } = client.asked[1] ?? {}
    assert.deepEqual(request?.messages.at(-2), { role: 'assistant', content: 'The quick brown fox' })
    assert.notEqual(options?.idempotencyKey, client.asked[0]?.options?.idempotencyKey)
    client.asked[1]?.say('brown fox jumps', ' over').finish()
    await more
    assert.equal(answer().text, 'The quick brown fox jumps over')
    assert.equal(answer().part, 2)
    assert.equal(answer().status, 'done')
  })

  test('takes an answer as stopped that was cancelled elsewhere', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('half').fail(named('APIError', 'cancelled'))
    await sent
    assert.equal(answer().status, 'stopped')
  })

  test('takes up an answer whose connection broke, once the network is back', async () => {
    const { chat, client, answer } = startChat()
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('one two').fail(named('StreamInterruptedError'))
    await sent
    assert.equal(answer().error?.resumable, true)
    const resumed = chat.resume()
    await settle()
    assert.equal(client.resumed[0]?.id, 'st_1')
    client.resumed[0]?.say('one two', ' three').finish()
    await resumed
    assert.equal(answer().text, 'one two three')
    assert.equal(answer().status, 'done')
    assert.equal(answer().resumed, 1)
    assert.equal(client.asked.length, 1)
  })
})

describe('a conversation that is kept', () => {
  test('goes on after a reload, without a letter less meanwhile, and asks nothing twice', async () => {
    const store = createMemoryStore()
    const before = startChat({ store, id: 'c' })
    void before.chat.send('a')
    await settle()
    before.client.asked[0]?.say('one ', 'two ')
    await settle()
    before.frame()
    before.clock.advance(1_000)
    await settle()
    before.chat.dispose()

    const after = startChat({ store, id: 'c' })
    after.chat.subscribe(() => undefined)
    await settle()
    assert.equal(after.answer().text, 'one two ')
    const [stream] = after.client.resumed
    assert.equal(stream?.id, 'st_1')
    stream?.say('one ')
    await settle()
    after.frame()
    assert.equal(after.answer().text, 'one two ')
    stream?.say('two ', 'three').finish()
    await settle()
    assert.equal(after.answer().text, 'one two three')
    assert.equal(after.answer().status, 'done')
    assert.equal(after.client.asked.length, 0)
  })

  test('asks again by the same key and the same request when it was reloaded before the stream had a name', async () => {
    const store = createMemoryStore()
    const before = startChat({ store, id: 'c' })
    before.client.head = new Promise(() => undefined)
    void before.chat.send('a')
    await settle()
    before.chat.dispose()
    const after = startChat({ store, id: 'c' })
    void after.chat.load()
    await settle()
    assert.equal(after.client.asked[0]?.options?.idempotencyKey, before.client.asked[0]?.options?.idempotencyKey)
    assert.deepEqual(after.client.asked[0]?.request, before.client.asked[0]?.request)
  })

  test('says honestly that a stream is gone, and keeps what there was', async () => {
    const store = createMemoryStore()
    const before = startChat({ store, id: 'c' })
    void before.chat.send('a')
    await settle()
    before.client.asked[0]?.say('one ')
    await settle()
    before.frame()
    before.clock.advance(1_000)
    await settle()
    before.chat.dispose()
    const client = new ScriptedClient()
    client.refusal = named('NotFoundError', 'stream_not_found')
    const after = startChat({ store, id: 'c', client })
    await after.chat.load()
    await settle()
    assert.equal(after.answer().status, 'failed')
    assert.equal(after.answer().text, 'one ')
    assert.equal(after.answer().error?.code, 'stream_not_found')
  })

  test('is in step in two tabs: what one asks, the other reads from the same stream', async () => {
    const store = createMemoryStore()
    const one = startChat({ store, id: 'c' })
    const two = startChat({ store, id: 'c', newId: () => `two${Math.random()}` })
    one.chat.subscribe(() => undefined)
    two.chat.subscribe(() => undefined)
    await settle()
    void one.chat.send('a')
    await settle()
    assert.equal(two.chat.getSnapshot().messages.length, 2)
    const reader = two.client.resumed[0] ?? two.client.asked[0]
    one.client.asked[0]?.say('x').finish()
    reader?.say('x').finish()
    await settle()
    assert.equal(two.answer().status, 'done')
    assert.equal(two.answer().text, 'x')
    assert.equal((await store.load('c'))?.messages.length, 2)
  })

  test('survives a store that fails', async () => {
    const store = { ...createMemoryStore(), save: () => Promise.reject(new Error('full')) }
    const { chat, client, answer } = startChat({ store })
    const sent = chat.send('a')
    await settle()
    client.asked[0]?.say('x').finish()
    await sent
    assert.equal(answer().text, 'x')
  })

  test('loses nothing that it is told before it is there', async () => {
    const store = createMemoryStore()
    const first = startChat({ store, id: 'one', settings: { model: 'm', temperature: 1 } })
    void first.chat.send('Hello')
    await settle()
    first.client.asked[0]?.finish()
    await settle()
    let id = 0
    const { chat, client } = startChat({ store, id: 'one', newId: () => `later${++id}` })
    assert.deepEqual(chat.alternatives('id1'), [])
    assert.deepEqual(chat.export().messages, [])
    chat.configure({ temperature: 0.5 })
    chat.rename('Other')
    assert.equal(chat.getSnapshot().settings.temperature, 0.5)
    assert.equal(chat.getSnapshot().title, 'Other')
    void chat.send('One')
    void chat.send('Two')
    await settle()
    assert.deepEqual(chat.getSnapshot().queue, ['Two'])
    assert.equal(chat.getSnapshot().title, 'Other')
    assert.equal(client.asked[0]?.request?.temperature, 0.5)
    assert.equal(chat.export().messages.length, 4)
  })

  test('does nothing before anybody wants something of it', async () => {
    let loads = 0
    const memory = createMemoryStore()
    const store = { ...memory, load: (id: string) => (loads++, memory.load(id)) }
    const { chat } = startChat({ store, id: 'c' })
    chat.getSnapshot()
    await settle()
    assert.equal(loads, 0)
    assert.equal(chat.getSnapshot().status, 'loading')
    chat.subscribe(() => undefined)()
    chat.subscribe(() => undefined)
    await settle()
    assert.equal(loads, 1)
    assert.equal(chat.getSnapshot().status, 'ready')
  })
})

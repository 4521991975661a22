import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serve } from '../../src/node/serve.ts'
import { gatewayConfig, keepingLogger, plainProvider } from '../support/gateway.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'
import { eventsOf, readEvents } from '../support/sse.ts'
import { until } from '../support/until.ts'

async function rig(says: Answer) {
  const foreign = await startProvider(says)
  const logger = keepingLogger()
  const config = gatewayConfig({
    passthrough: plainProvider(foreign.baseURL),
    log: { kind: 'memory', retention: 60_000 },
  })
  const server = await serve({ config, logger })
  return {
    foreign,
    logger,
    url: server.url,
    get: (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init),
    ask: (message: string, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/stream-chat?message=${encodeURIComponent(message)}`, { headers }),
    post: (body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${server.url}/chat/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    sent: (nth = 0): Record<string, unknown> => JSON.parse(foreign.requests[nth]?.body ?? '{}'),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await foreign[Symbol.asyncDispose]()
    },
  }
}

const says =
  (...texts: readonly string[]): Answer =>
  (response) =>
    void response.writeHead(200, EVENTS).end(answer(...texts))

const data = (text: string): readonly unknown[] => eventsOf(text).map((event): unknown => JSON.parse(event.data))

describe('GET /stream-chat and GET /stream', () => {
  test('give an EventSource what the page of the documentation expects', async () => {
    await using it = await rig(says('При', 'вет!\n"<b>'))
    for (const path of ['/stream-chat', '/stream']) {
      const response = await it.get(`${path}?message=${encodeURIComponent('Расскажи анекдот')}`)
      assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
      assert.equal(response.headers.get('access-control-allow-origin'), null)
      assert.deepEqual(data(await response.text()), [
        { content: 'При', done: false },
        { content: 'вет!\n"<b>', done: false },
        { done: true },
      ])
    }
    assert.deepEqual(it.sent()['messages'], [{ role: 'user', content: 'Расскажи анекдот' }])
    await (await it.get('/stream')).text()
    assert.deepEqual(it.sent(2)['messages'], [{ role: 'user', content: 'Привет!' }], 'as in the documentation')
  })

  test('tell a failure as an event, before the answer and in it, and the page stops', async () => {
    await using it = await rig((response, _seen, nth) => {
      if (nth === 0) return void response.writeHead(400).end('{"error":{"message":"Not <this>"}}')
      if (nth > 1) return void response.writeHead(400).end('{}')
      response.writeHead(200, EVENTS).end(sse(chunk({ content: 'Hal' })))
    })
    const refused = await it.ask('a')
    assert.equal(refused.status, 200)
    assert.deepEqual(data(await refused.text()), [{ error: 'Not <this>', done: true }])
    const [begun, failed] = data(await (await it.ask('b')).text())
    assert.deepEqual(begun, { content: 'Hal', done: false })
    assert.match(JSON.stringify(failed), /^\{"error":".*broke off","done":true\}$/)
  })

  test('limit the message, and ask nothing for a HEAD or a prefetch', async () => {
    await using it = await rig(says('x'))
    const long = await it.ask('x'.repeat(8_001))
    assert.deepEqual(data(await long.text()), [{ error: 'The message is longer than 8000 characters', done: true }])
    assert.deepEqual(data(await (await it.ask(' ')).text()), [{ error: 'The message is empty', done: true }])
    await it.get('/stream?message=a', { method: 'HEAD' })
    assert.equal((await it.get('/stream?message=a', { headers: { 'sec-purpose': 'prefetch' } })).status, 204)
    assert.equal(it.foreign.requests.length, 0)
  })

  test('refuse the pages of other sites', async () => {
    await using it = await rig(says('x'))
    const host = new URL(it.url).host
    const rows: readonly (readonly [Record<string, string>, number])[] = [
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ 'sec-fetch-site': 'same-origin', origin: `http://${host}` }, 200],
      [{ 'sec-fetch-site': 'none' }, 200],
      [{ origin: 'https://evil.test' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: `http://${host}` }, 200],
      [{}, 200],
    ]
    for (const [headers, status] of rows) {
      const got = await it.ask('a', headers)
      assert.equal(got.status, status, JSON.stringify(headers))
      await got.body?.cancel()
      const posted = await it.post({ messages: [{ role: 'user', content: 'a' }] }, headers)
      assert.equal(posted.status, status, JSON.stringify(headers))
      await posted.body?.cancel()
    }
  })

  test('go on where a broken connection was, without asking again, and stop after the end', async () => {
    const held = Promise.withResolvers<() => void>()
    await using it = await rig((response) => {
      response.writeHead(200, EVENTS).write(sse(chunk({ content: 'one' }), chunk({ content: 'two' })))
      held.resolve(() => response.end(sse(chunk({ content: 'three' }), chunk({}, 'stop'), '[DONE]')))
    })
    const [first] = await readEvents(await it.ask('a'), 1)
    assert.deepEqual(JSON.parse(first?.data ?? ''), { content: 'one', done: false })
    const resumed = await it.ask('a', { 'last-event-id': first?.id ?? '' })
    ;(await held.promise)()
    const rest = eventsOf(await resumed.text())
    assert.deepEqual(
      rest.map((event): unknown => JSON.parse(event.data)),
      [{ content: 'two', done: false }, { content: 'three', done: false }, { done: true }],
    )
    assert.equal(it.foreign.requests.length, 1)
    const over = await it.ask('a', { 'last-event-id': rest.at(-1)?.id ?? '' })
    assert.equal(over.status, 204)
    const foreign = await it.ask('a', { 'last-event-id': 'st_aaaaaaaaaaaaaaaaaaaaaa:1' })
    assert.equal(foreign.status, 404)
    const bad = await it.ask('a', { 'last-event-id': 'x' })
    assert.equal(bad.status, 400)
    assert.equal(it.foreign.requests.length, 1)
  })

  test('name the stream before its first token, so that an EventSource never asks twice', async () => {
    const held = Promise.withResolvers<() => void>()
    await using it = await rig((response) => {
      response.writeHead(200, EVENTS).flushHeaders()
      held.resolve(() => response.end(answer('late')))
    })
    const response = await it.ask('a')
    const id = response.headers.get('x-stream-id') ?? ''
    const reader = response.body?.getReader()
    const opening = new TextDecoder().decode((await reader?.read())?.value)
    assert.equal(opening, `retry: 1000\nid: ${id}:-1\n\n`)
    await reader?.cancel()
    const resumed = await it.ask('a', { 'last-event-id': `${id}:-1` })
    ;(await held.promise)()
    assert.deepEqual(data(await resumed.text()), [{ content: 'late', done: false }, { done: true }])
    assert.equal(it.foreign.requests.length, 1)
  })

  test('abort the upstream shortly after the page has gone', async () => {
    await using it = await rig((response) => void response.writeHead(200, EVENTS).write(sse(chunk({ content: 'one' }))))
    await readEvents(await it.ask('a'), 1)
    const cut = await it.foreign.requests[0]?.closed
    assert.equal(cut, true)
  })

  test('leave no word of the message in any log line', async () => {
    await using it = await rig((response, _seen, nth) =>
      nth === 0 ? void response.writeHead(200, EVENTS).end(answer('x')) : void response.writeHead(400).end('{}'),
    )
    await (await it.ask('canary-prompt')).text()
    await (await it.ask('canary-prompt')).text()
    await (await it.get('/nowhere?message=canary-prompt')).text()
    await until(() => it.logger.lines.length >= 2, 2_000, 'the records of the streams')
    assert.doesNotMatch(JSON.stringify(it.logger.lines), /canary/)
  })
})

describe('POST /chat/stream', () => {
  const messages = [{ role: 'user', content: 'Xin chào' }]

  test('gives plain text, in which a line feed is a line, then [DONE]', async () => {
    await using it = await rig(says('Xin', ' chào\n', '\ndata: x', '[DONE]'))
    const text = await (await it.post({ messages, model: 'gpt-4o', max_tokens: 50 })).text()
    assert.deepEqual(
      eventsOf(text).map((event) => event.data),
      ['Xin', ' chào\n', '\ndata: x', '[DONE', ']', '[DONE]'],
    )
    assert.deepEqual(it.sent()['messages'], messages)
    assert.equal(it.sent()['max_tokens'], 50)
    assert.match(text, /^data: Xin$/m, 'what the page looks for')
  })

  test('tells a failure as an event of its own, not as text', async () => {
    await using it = await rig((response) => void response.writeHead(400).end('{"error":{"message":"No"}}'))
    const [event, ...more] = eventsOf(await (await it.post({ messages })).text())
    assert.deepEqual([event?.name, event?.data, more.length], ['error', 'No', 0])
  })

  test('takes JSON only, with messages', async () => {
    await using it = await rig(says('x'))
    assert.equal((await it.post({ messages }, { 'content-type': 'text/plain' })).status, 415)
    assert.equal((await it.post({ messages: [] })).status, 400)
    assert.equal((await it.post([])).status, 400)
    assert.equal(it.foreign.requests.length, 0)
  })

  test('can be taken up again', async () => {
    await using it = await rig(says('one', 'two'))
    const events = eventsOf(await (await it.post({ messages })).text())
    const rest = await (await it.post({ messages }, { 'last-event-id': events[0]?.id ?? '' })).text()
    assert.deepEqual(
      eventsOf(rest).map((event) => event.data),
      ['two', '[DONE]'],
    )
    assert.equal(it.foreign.requests.length, 1)
  })
})

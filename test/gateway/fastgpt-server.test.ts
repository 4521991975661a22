import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import OpenAI from 'openai'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { gatewayConfig, keepingLogger, plainProvider } from '../support/gateway.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'
import { eventsOf, textOf } from '../support/sse.ts'

const transcript = (name: string): string =>
  readFileSync(new URL(`../fixtures/fastgpt/${name}.sse`, import.meta.url), 'utf8')

interface Rig {
  readonly preset?: 'fastgpt'
  readonly clients?: readonly { keyId: string; secret: string }[]
}

/** The gateway as a FastGPT, in front of a plain provider or of a FastGPT. */
async function rig(says: Answer, { preset, clients }: Rig = {}) {
  const foreign = await startProvider(says)
  const passthrough =
    preset === undefined
      ? plainProvider(foreign.baseURL)
      : createProvider('fast', { preset, baseUrl: foreign.baseURL, apiKey: 'fastgpt-key' }, {})
  const auth = clients === undefined ? undefined : { clients, tokenLifetime: 60_000 }
  const server = await serve({ config: gatewayConfig({ passthrough, auth }), logger: keepingLogger() })
  const post = (version: 'v1' | 'v2', body: object, headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/${version}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Who?' }], ...body }),
    })
  return {
    foreign,
    post,
    url: server.url,
    sent: (nth: number): { messages: unknown; [field: string]: unknown } =>
      JSON.parse(foreign.requests[nth]?.body ?? '{}'),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await foreign[Symbol.asyncDispose]()
    },
  }
}

const plain: Answer = (response) => void response.writeHead(200, EVENTS).end(answer('Lu', 'cas'))
const counted: Answer = (response) =>
  void response
    .writeHead(200, EVENTS)
    .end(
      sse(
        chunk({ role: 'assistant', content: '' }),
        chunk({ content: 'Lu' }),
        chunk({ content: 'cas' }, 'stop'),
        '{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}',
        '[DONE]',
      ),
    )
const plays =
  (...parts: readonly string[]): Answer =>
  (response) =>
    void response.writeHead(200, EVENTS).end(parts.join(''))

const shape = (text: string): readonly string[] =>
  eventsOf(text).map(
    ({ name, data }) => `${name}:${data === '[DONE]' ? data : /"finish_reason":"stop"/.test(data) ? 'stop' : ''}`,
  )

describe('the gateway as a FastGPT', () => {
  test('streams un-named OpenAI chunks when no detail is asked for', async () => {
    await using it = await rig(counted)
    for (const version of ['v1', 'v2'] as const) {
      const response = await it.post(version, { stream: true })
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
      const text = await response.text()
      assert.doesNotMatch(text, /^(?:event|id):/m)
      assert.equal(textOf(eventsOf(text)), 'Lucas')
      assert.deepEqual(shape(text), [':', ':', ':', ':stop', ':[DONE]'])
    }
    assert.equal(it.sent(0)['model'], 'default')
    assert.equal('sluice_fastgpt' in it.sent(0), false)
    assert.equal('detail' in it.sent(0), false)
  })

  test('is good enough for the official OpenAI SDK', async () => {
    await using it = await rig(counted)
    const client = new OpenAI({ baseURL: `${it.url}/api/v1`, apiKey: 'fastgpt-any', maxRetries: 0 })
    const stream = client.chat.completions.stream({ model: 'any', messages: [{ role: 'user', content: 'Who?' }] })
    const completion = await stream.finalChatCompletion()
    assert.equal(completion.choices[0]?.message.content, 'Lucas')
    assert.equal(completion.choices[0]?.finish_reason, 'stop')
  })

  test('streams typed events with detail: first the status, and v1 has the results after [DONE]', async () => {
    await using it = await rig(counted)
    const text = await (await it.post('v1', { stream: true, detail: true })).text()
    assert.deepEqual(shape(text), [
      'flowNodeStatus:',
      'answer:',
      'answer:',
      'answer:',
      'answer:stop',
      'answer:[DONE]',
      'flowResponses:',
    ])
    const events = eventsOf(text)
    assert.deepEqual(JSON.parse(events[0]?.data ?? ''), { status: 'running', name: 'AI chat' })
    const results: Record<string, unknown>[] = JSON.parse(events.at(-1)?.data ?? '')
    assert.deepEqual(
      { ...results[0], runningTime: 0 },
      {
        moduleName: 'AI chat',
        moduleType: 'chatNode',
        runningTime: 0,
        model: 'm',
        inputTokens: 3,
        outputTokens: 2,
        tokens: 5,
      },
    )
  })

  test('has a result per node before the end in v2, and no flowResponses', async () => {
    await using it = await rig(counted)
    const text = await (await it.post('v2', { stream: true, detail: true })).text()
    assert.deepEqual(shape(text), [
      'flowNodeStatus:',
      'answer:',
      'answer:',
      'answer:',
      'flowNodeResponse:',
      'answer:stop',
      'answer:[DONE]',
    ])
  })

  test('answers whole when no stream is asked for, with results when detail is', async () => {
    await using it = await rig(counted)
    const body: Record<string, unknown> = JSON.parse(
      await (await it.post('v1', { chatId: 'c-9', detail: true })).text(),
    )
    assert.equal(body['id'], 'c-9')
    assert.deepEqual(body['usage'], { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 })
    assert.match(JSON.stringify(body['choices']), /"content":"Lucas".*"finish_reason":"stop"/)
    assert.match(JSON.stringify(body['responseData']), /"moduleType":"chatNode"/)
    const brief: object = JSON.parse(await (await it.post('v1', { detail: null, chatId: null, stream: null })).text())
    assert.equal('responseData' in brief, false)
  })

  test("passes a FastGPT's own events on verbatim, its transcripts in, its transcripts out", async () => {
    await using it = await rig(plays(transcript('detail-true-v1')), { preset: 'fastgpt' })
    const given = eventsOf(transcript('detail-true-v1'))
    const v1 = eventsOf(await (await it.post('v1', { stream: true, detail: true })).text())
    assert.deepEqual(
      v1.map(({ name }) => name),
      given.map(({ name }) => name),
    )
    const verbatim = (events: typeof given) => events.filter(({ name }) => name !== 'answer').map(({ data }) => data)
    assert.deepEqual(verbatim(v1), verbatim(given))
    assert.equal(v1.at(-2)?.data, '[DONE]')
    assert.equal(it.sent(0)['detail'], true)
    const v2 = await (await it.post('v2', { stream: true, detail: true })).text()
    assert.equal(eventsOf(v2).at(-1)?.data, '[DONE]', 'nothing after it')
  })

  test('passes tool events, unknown ones, fastAnswer and chatTitle on, and without detail only the title', async () => {
    const fast =
      'event: fastAnswer\ndata: {"id":"","choices":[{"delta":{"content":"Hi"},"index":0,"finish_reason":null}]}\n\n'
    const more = 'event: workflowDuration\ndata: {"durationSeconds":1.5}\n\nevent: neverHeardOf\ndata: plain words\n\n'
    const title = 'event: chatTitle\ndata: {"title":"A title"}\n\n'
    const nodes = 'event: flowNodeResponse\ndata: {"nodeId":"a"}\n\nevent: flowNodeResponse\ndata: {"nodeId":"b"}\n\n'
    const end =
      'event: answer\ndata: {"id":"","choices":[{"delta":{"content":null},"index":0,"finish_reason":"stop"}]}\n\nevent: answer\ndata: [DONE]\n\n'
    await using it = await rig(plays(transcript('tools'), fast, more, nodes, title, end), { preset: 'fastgpt' })
    const names = (text: string) => eventsOf(text).map(({ name }) => name)
    const v2 = await (await it.post('v2', { stream: true, detail: true })).text()
    assert.deepEqual(names(v2), [
      'toolCall',
      'toolParams',
      'toolResponse',
      'fastAnswer',
      'workflowDuration',
      'neverHeardOf',
      'flowNodeResponse',
      'flowNodeResponse',
      'chatTitle',
      'answer',
      'answer',
    ])
    assert.ok(v2.startsWith(transcript('tools')), 'byte for byte')
    const v1 = eventsOf(await (await it.post('v1', { stream: true, detail: true })).text())
    assert.equal(v1.at(-1)?.name, 'flowResponses')
    assert.equal(v1.at(-1)?.data, '[{"nodeId":"a"},{"nodeId":"b"}]')
    const brief = await (await it.post('v1', { stream: true })).text()
    assert.deepEqual(names(brief), ['', 'chatTitle', '', ''])
  })

  test('an interactive prompt ends the stream, and its answer goes back with the same chatId', async () => {
    const prompt =
      '{"interactive":{"type":"userSelect","params":{"description":"测试","userSelectOptions":[{"value":"Confirm","key":"option1"},{"value":"Cancel","key":"option2"}]}}}'
    const asks = `event: interactive\ndata: ${prompt}\n\nevent: answer\ndata: [DONE]\n\n`
    await using it = await rig(
      (response, seen, nth) =>
        (nth === 0 || nth === 2 ? plays(asks) : plays(transcript('detail-true-v1')))(response, seen, nth),
      { preset: 'fastgpt' },
    )
    const first = await (await it.post('v1', { stream: true, detail: true, chatId: '22231' })).text()
    assert.ok(first.startsWith(`event: interactive\ndata: ${prompt}\n\n`))
    assert.equal(eventsOf(first).at(-1)?.data, '[DONE]')
    const said = { messages: [{ role: 'user', content: 'Confirm' }], stream: true, detail: true, chatId: '22231' }
    assert.match(await (await it.post('v1', said)).text(), /电影/)
    assert.equal(it.sent(1)['chatId'], '22231')
    assert.deepEqual(it.sent(1).messages, [{ role: 'user', content: 'Confirm' }])
    const whole: { choices: { message: { content: unknown } }[] } = JSON.parse(
      await (await it.post('v1', { detail: true, chatId: 'other' })).text(),
    )
    assert.deepEqual(whole.choices[0]?.message.content, [{ type: 'interactive', ...JSON.parse(prompt) }])
  })
})

describe('a chat of the gateway as a FastGPT', () => {
  const user = (content: string) => ({ role: 'user', content })

  test('is remembered by its chatId, of which only the last message is new', async () => {
    await using it = await rig(plain)
    await (await it.post('v1', { stream: true, chatId: 'c', messages: [user('One')] })).text()
    await (await it.post('v1', { chatId: 'c', messages: [user('ignored'), user('Two')] })).text()
    assert.deepEqual(it.sent(1).messages, [user('One'), { role: 'assistant', content: 'Lucas' }, user('Two')])
    await (await it.post('v1', { messages: [user('a'), user('b')] })).text()
    assert.deepEqual(it.sent(2).messages, [user('a'), user('b')], 'without one the messages are the context')
  })

  test('that is generating an answer refuses another one in v2', async () => {
    const held = Promise.withResolvers<() => void>()
    await using it = await rig((response) => {
      response.writeHead(200, EVENTS).write(sse(chunk({ role: 'assistant', content: 'x' })))
      held.resolve(() => response.end(sse(chunk({}, 'stop'), '[DONE]')))
    })
    const first = await it.post('v2', { stream: true, chatId: 'c' })
    const finish = await held.promise
    const second = await it.post('v2', { chatId: 'c' })
    assert.equal(second.status, 409)
    assert.match(await second.text(), /"code":409/)
    finish()
    await first.text()
  })

  test("is its owner's alone, also at a FastGPT behind us", async () => {
    const clients = ['alice', 'bob'].map((keyId) => ({ keyId, secret: `${keyId}-secret-0123456789` }))
    await using it = await rig(plays(transcript('detail-true-v1')), { preset: 'fastgpt', clients })
    const token = async (pair: object): Promise<Record<string, string>> => {
      const response = await fetch(`${it.url}/api/v1/auth/token`, { method: 'POST', body: JSON.stringify(pair) })
      const { access_token: text }: { access_token: string } = JSON.parse(await response.text())
      return { authorization: `Bearer ${text}` }
    }
    for (const pair of clients) await (await it.post('v1', { stream: true, chatId: 'same' }, await token(pair))).text()
    assert.deepEqual(it.sent(1).messages, [user('Who?')])
    assert.notEqual(it.sent(0)['chatId'], it.sent(1)['chatId'])
    assert.equal((await it.post('v1', { chatId: 'same' })).status, 401)
    assert.match(await (await it.post('v1', { chatId: 'same' })).text(), /"code":514,"statusText":"unAuthApiKey"/)
  })
})

describe('a failure of the gateway as a FastGPT', () => {
  test('is an event in a stream, with status 200 and no [DONE]', async () => {
    await using it = await rig((response) => void response.writeHead(400).end('{"error":{"message":"No such thing"}}'))
    const response = await it.post('v1', { stream: true, detail: true })
    assert.equal(response.status, 200)
    const [event, ...others] = eventsOf(await response.text())
    assert.deepEqual([event?.name, others.length], ['error', 0])
    const body: Record<string, unknown> = JSON.parse(event?.data ?? '')
    assert.deepEqual([body['code'], body['message'], body['data']], [400, 'No such thing', null])
  })

  test('after the answer began is an event too', async () => {
    await using it = await rig((response, _seen, nth) => {
      if (nth > 0) return void response.writeHead(400).end('{}')
      response.writeHead(200, EVENTS).end(sse(chunk({ content: 'Lu' })))
    })
    const events = eventsOf(await (await it.post('v2', { stream: true, detail: true })).text())
    assert.equal(events.at(-1)?.name, 'error')
    assert.match(events.at(-1)?.data ?? '', /"statusText":"upstream_interrupted"/)
  })

  test('is JSON where no stream was asked for, with the honest status and the seconds in the text', async () => {
    await using it = await rig(
      (response) => void response.writeHead(429, { 'retry-after': '60' }).end('{"error":{"message":"Slow down"}}'),
    )
    const limited = await it.post('v1', {})
    assert.equal(limited.status, 429)
    assert.equal(limited.headers.get('retry-after'), '60')
    const body: Record<string, unknown> = JSON.parse(await limited.text())
    assert.equal(body['code'], 429)
    assert.match(String(body['message']), /try again in 60 seconds/)
    const empty = await it.post('v1', { messages: [] })
    assert.deepEqual(
      [empty.status, JSON.parse(await empty.text())],
      [400, { code: 400, statusText: 'invalid_value', message: 'messages is empty', data: null }],
    )
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import {
  ChatClient,
  type FastGptEvent,
  fastGptEvents,
  iterLines,
  iterStreamEvents,
  OpenAI,
  StreamTruncatedError,
} from '../../src/client/index.ts'
import { EVENTS, startProvider, type Answer } from '../support/provider.ts'

const wire = (name: string): string => readFileSync(new URL(`../fixtures/fastgpt/${name}.sse`, import.meta.url), 'utf8')

/** FastGPT serves at /api/v1; the answer is sent byte by byte where told. */
async function ask(
  serve: Answer,
  request: Partial<Parameters<ChatClient['createChatCompletion']>[0]> = {},
): Promise<{ readonly response: Response; readonly seen: { readonly url: string; readonly body: unknown } }> {
  const provider = await startProvider(serve)
  try {
    await using client = new ChatClient({
      apiKey: 'fastgpt-x',
      baseUrl: provider.baseURL.replace('/v1', ''),
      maxRetries: 0,
    })
    const response = await client.createChatCompletion({ messages: [{ role: 'user', content: 'Hi' }], ...request })
    const whole = new Response(await response.text(), response)
    const { url, body } = provider.requests[0] ?? assert.fail('no request')
    return { response: whole, seen: { url, body: JSON.parse(body) } }
  } finally {
    await provider[Symbol.asyncDispose]()
  }
}

/** The sample of tool events has no end: nobody recorded one. */
const END =
  'event: answer\ndata: {"id":"","object":"","created":0,"model":"","choices":[{"delta":{},"index":0,"finish_reason":"stop"}]}\n\nevent: answer\ndata: [DONE]\n\n'

const streamed =
  (name: string): Answer =>
  (response) =>
    void response.writeHead(200, EVENTS).end(wire(name) + (name === 'tools' ? END : ''))

async function all(response: Response): Promise<readonly FastGptEvent[]> {
  const events: FastGptEvent[] = []
  for await (const event of iterStreamEvents(response)) events.push(event)
  return events
}

describe('FastGPT for those who come from its Python SDK', () => {
  test('is asked where it listens, with and without /api in its address', async () => {
    const { seen } = await ask(streamed('detail-true-v1'), {
      stream: true,
      detail: true,
      chatId: 'c',
      variables: { a: 1 },
    })
    assert.equal(seen.url, '/api/v1/chat/completions')
    assert.deepEqual(seen.body, {
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      detail: true,
      chatId: 'c',
      variables: { a: 1 },
    })
  })

  test('gives the lines that the seed reads, with its own loop', async () => {
    const { response } = await ask(streamed('detail-false'), { stream: true })
    let text = ''
    for await (const line of iterLines(response)) {
      if (!line.startsWith('data:')) continue
      const data = line.slice(5).trim()
      if (data !== '' && data !== '[DONE]') text += JSON.parse(data).choices[0]?.delta.content ?? ''
    }
    assert.equal(text, '电影')
  })

  test('gives typed events, those behind [DONE] too', async () => {
    const { response } = await ask(streamed('detail-true-v1'), { stream: true, detail: true })
    const events = await all(response)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['flowNodeStatus', 'flowNodeStatus', 'answer', 'answer', 'done', 'other'],
    )
    const [first, , third] = events
    assert.ok(first?.type === 'flowNodeStatus' && third?.type === 'answer')
    assert.deepEqual([first.status, first.name, third.text], ['running', '知识库搜索', '电影'])
  })

  test('gives the events of tools, and joins a call by its id', async () => {
    const { response } = await ask(streamed('tools'), { stream: true, detail: true })
    const tools = (await all(response)).filter((event) => 'tool' in event)
    assert.ok(tools.length >= 3)
    assert.equal(new Set(tools.map((event) => 'tool' in event && event.id)).size, 1)
  })

  test('gives questions of a workflow, the innermost of wrapped ones, and unknown events', async () => {
    const question = {
      type: 'userSelect',
      params: { description: '?', userSelectOptions: [{ value: 'Yes', key: 'a' }] },
    }
    const wrapped = { type: 'childrenInteractive', params: { childrenResponse: question } }
    const body: readonly (readonly [string, object])[] = [
      ['interactive', { interactive: wrapped }],
      ['updateVariables', { a: 1 }],
      ['workflowDuration', { durationSeconds: 1.5 }],
      ['chatTitle', { title: 'T' }],
      ['flowResponses', { 0: { moduleName: 'a' }, responseValueId: 'x' }],
      ['sandboxStatus', { phase: 'connecting' }],
    ]
    const text = body.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('')
    const { response } = await ask(
      (answer) => void answer.writeHead(200, EVENTS).end(`${text}event: answer\ndata: [DONE]\n\n`),
      { stream: true, detail: true },
    )
    const events = await all(response)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['interactive', 'updateVariables', 'workflowDuration', 'chatTitle', 'flowResponses', 'other', 'done'],
    )
    assert.ok(events[0]?.type === 'interactive' && events[4]?.type === 'flowResponses')
    assert.deepEqual(events[0].interactive, question)
    assert.deepEqual(events[4].nodes, [{ moduleName: 'a' }])
  })

  test('a failure in the stream is the last event; a cut stream is an error', async () => {
    const failure =
      'event: error\ndata: {"code":514,"statusText":"unAuthApiKey","message":"Api Key 不合法","data":null}\n\n'
    const { response } = await ask((answer) => void answer.writeHead(200, EVENTS).end(failure), { stream: true })
    const [event, ...more] = await all(response)
    assert.ok(event?.type === 'error')
    assert.deepEqual([event.code, event.message, more.length], ['514', 'Api Key 不合法', 0])
    const half = wire('detail-true-v1').slice(0, wire('detail-true-v1').indexOf('{"delta":{},"index"'))
    const cut = await ask((answer) => void answer.writeHead(200, EVENTS).end(half), { stream: true })
    await assert.rejects(
      all(cut.response),
      (error: unknown) => error instanceof StreamTruncatedError && error.partial.choices[0]?.message.content === '电影',
    )
  })

  for (const [what, status, code, expected] of [
    ['an old build, which answers 200', 200, 514, OpenAI.AuthenticationError],
    ['a new build, which answers 500', 500, 514, OpenAI.AuthenticationError],
    ['the limiter', 500, 429, OpenAI.RateLimitError],
    ['a proxy with its own status', 401, 401, OpenAI.AuthenticationError],
    ['anything else', 500, 500, OpenAI.InternalServerError],
  ] as const) {
    test(`a refusal is the right error, from ${what}`, async () => {
      const body = JSON.stringify({ code, statusText: 'x', message: 'No.', data: null })
      const serve: Answer = (response) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(body)
      await assert.rejects(ask(serve), (error: unknown) => error instanceof expected && /No\./.test(error.message))
    })
  }

  test('a whole answer is JSON', async () => {
    const serve: Answer = (response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"choices":[{"message":{"content":"a"}}]}')
    const { response } = await ask(serve)
    assert.deepEqual(await response.json(), { choices: [{ message: { content: 'a' } }] })
  })
})

test('the typed events of FastGPT come from the ordinary client, too', async () => {
  await using provider = await startProvider(streamed('tools'))
  const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
  const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
  const types: string[] = []
  for await (const event of fastGptEvents(stream)) types.push(event.type)
  assert.ok(types.includes('toolCall') && types.includes('toolResponse'), types.join())
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { gatewayConfig, keepingLogger } from '../support/gateway.ts'
import { EVENTS, startProvider, type Answer } from '../support/provider.ts'
import { eventsOf, textOf } from '../support/sse.ts'

const transcript = (name: string): string =>
  readFileSync(new URL(`../fixtures/fastgpt/${name}.sse`, import.meta.url), 'utf8')

const STOP =
  'data: {"id":"","object":"","created":0,"model":"","choices":[{"delta":{},"index":0,"finish_reason":"stop"}]}\n\n'

/** A FastGPT on loopback that says what a test wants it to say, with a gateway in front of it. */
async function rig(answer: Answer) {
  const foreign = await startProvider(answer)
  const baseUrl = foreign.baseURL.replace('/v1', '/api/v1')
  const passthrough = createProvider('fast', { preset: 'fastgpt', baseUrl, apiKey: 'fastgpt-canary0key0canary' }, {})
  const logger = keepingLogger()
  const server = await serve({ config: gatewayConfig({ passthrough }), logger })
  const post = (path: string, body: object) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: '导演是谁' }], stream: true, ...body }),
    })
  return {
    foreign,
    logger,
    url: server.url,
    post,
    openai: (body: object = {}) => post('/v1/chat/completions', { model: 'any', ...body }),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await foreign[Symbol.asyncDispose]()
    },
  }
}

const says =
  (...parts: readonly string[]): Answer =>
  (response) => {
    response.writeHead(200, { ...EVENTS, 'content-type': 'text/event-stream;charset=utf-8' })
    for (const part of parts) response.write(part)
    response.end()
  }

const names = (text: string): readonly string[] => eventsOf(text).map(({ name }) => name)

describe('FastGPT behind the OpenAI surface', () => {
  test('has its empty ids, models and times repaired, and none of its named events shown', async () => {
    await using it = await rig(says(transcript('detail-true-v1')))
    const response = await it.openai({ detail: true })
    const text = await response.text()
    const events = eventsOf(text)
    assert.deepEqual([...new Set(events.map(({ name }) => name))], [''])
    assert.equal(textOf(events), '电影')
    assert.equal(events.at(-1)?.data, '[DONE]')
    const chunks = events.slice(0, -1).map(({ data }): Record<string, unknown> => JSON.parse(data))
    const id = `chatcmpl-${response.headers.get('x-stream-id')}`
    for (const chunk of chunks) {
      assert.deepEqual([chunk['id'], chunk['object'], chunk['model']], [id, 'chat.completion.chunk', 'any'])
      assert.ok(Number(chunk['created']) > 1_600_000_000)
    }
    assert.equal(new Set(chunks.map((chunk) => chunk['created'])).size, 1)
  })

  test('gives its named events to a reader that asks the stream for them, in their order', async () => {
    await using it = await rig(says(transcript('detail-true-v1')))
    const id = (await it.openai({ detail: true })).headers.get('x-stream-id')
    const text = await (await fetch(`${it.url}/v1/streams/${id}?events=named`)).text()
    assert.deepEqual(names(text), ['flowNodeStatus', 'flowNodeStatus', '', '', 'flowResponses', ''])
    assert.doesNotMatch(await (await fetch(`${it.url}/v1/streams/${id}`)).text(), /flowNodeStatus|flowResponses/)
  })

  test('gets chatId, detail, variables and responseChatItemId through, and no stream_options', async () => {
    await using it = await rig(says(transcript('detail-false'), STOP, 'data: [DONE]\n\n'))
    const own = { chatId: 'c-1', detail: false, variables: { a: 1 }, responseChatItemId: 'r-1' }
    assert.equal(textOf(eventsOf(await (await it.openai(own)).text())), '电影')
    const [request] = it.foreign.requests
    assert.equal(request?.url, '/api/v1/chat/completions')
    assert.equal(request?.headers.authorization, 'Bearer fastgpt-canary0key0canary')
    const sent: Record<string, unknown> = JSON.parse(request?.body ?? '')
    assert.deepEqual({ ...sent, messages: 0 }, { ...own, model: 'any', stream: true, messages: 0 })
  })

  test('that breaks off in mid-answer is told as that, with what it said', async () => {
    await using it = await rig((response, seen, nth) =>
      nth === 0
        ? says(transcript('detail-false'))(response, seen, nth)
        : void response.writeHead(500).end('{"code":500}'),
    )
    const events = eventsOf(await (await it.openai()).text())
    assert.match(events.at(-1)?.data ?? '', /"code":"upstream_interrupted"/)
    assert.equal(textOf(events.slice(0, -1)), '电影')
    assert.equal(it.foreign.requests.length, 1, 'a workflow is not run again behind its back')
  })

  test("a plugin's answer, which has no finish_reason, is complete all the same", async () => {
    await using it = await rig(says(transcript('plugin')))
    const events = eventsOf(await (await it.openai()).text())
    assert.equal(events.length, 2)
    assert.match(events[0]?.data ?? '', /"finish_reason":"stop"/)
    assert.equal(events[1]?.data, '[DONE]')
  })

  test('is read the same however its bytes are cut', async () => {
    const bytes = Buffer.from(transcript('detail-true-v1'))
    await using it = await rig(async (response) => {
      response.writeHead(200, EVENTS)
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7))
        if (at % 70 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    })
    const text = await (await it.post('/api/v1/chat/completions', { detail: true })).text()
    assert.equal(textOf(eventsOf(text).filter(({ name }) => name === 'answer')), '电影')
    assert.deepEqual(names(text).at(-1), 'flowResponses')
  })
})

describe("FastGPT's errors", () => {
  const event = (data: string): Answer => says(`event: error\ndata: ${data}\n\n`)
  const json =
    (status: number, body: string, headers = {}): Answer =>
    (response) =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
  const LIMIT =
    '{"code":429,"statusText":"error","message":"Rate limit exceeded. Maximum 30 requests per 60 seconds for this team. Please try again in 12 seconds.","data":null}'
  const KEY =
    '{"code":514,"statusText":"unAuthApiKey","message":"Api Key fastgpt-canary0key0canary 不合法","data":null}'

  const rows: readonly (readonly [string, Answer, number, string, string | null])[] = [
    ['a bad key as an event, status 200', event(KEY), 502, 'provider_auth', null],
    [
      'a bad key as text without a type',
      (response) => void response.end(`event: error\ndata: ${KEY}\n\n`),
      502,
      'provider_auth',
      null,
    ],
    ['a bad key as JSON, status 200', json(200, KEY), 502, 'provider_auth', null],
    ['a bad key as JSON, status 500', json(500, KEY), 502, 'provider_auth', null],
    ['a limit as JSON, status 500', json(500, LIMIT), 429, '429', '12'],
    ['a limit as JSON, status 200', json(200, LIMIT), 429, '429', '12'],
    ['a limit as an event', event(LIMIT), 429, '429', '12'],
    [
      'an empty account',
      json(500, '{"code":510,"statusText":"insufficientQuota","message":"账号余额不足","data":null}'),
      503,
      '510',
      null,
    ],
    [
      'a chat that is generating',
      json(409, '{"code":409,"statusText":"chatIsGenerating","message":"busy","data":null}'),
      409,
      '409',
      null,
    ],
    ['a node that crashed', event('{"message":"500 upstream said no"}'), 502, 'provider_error', null],
  ]
  for (const [what, answer, status, code, retryAfter] of rows) {
    test(`${what}: ${status} ${code}`, async () => {
      await using it = await rig(answer)
      const response = await it.openai()
      const body = await response.text()
      // An error in the body of a 200 may come after our own head is out.
      if (response.status !== 200) assert.equal(response.status, status)
      if (response.status === 429) assert.equal(response.headers.get('retry-after'), retryAfter)
      const envelope: { error: { code: string } } = JSON.parse(body.replace(/^id: .*\n/, '').replace(/^data: /, ''))
      assert.equal(envelope.error.code, code)
      assert.doesNotMatch(body + JSON.stringify(it.logger.lines), /canary/)
    })
  }

  test('an account limit in epoch milliseconds is waited for', async () => {
    await using it = await rig((response, seen, nth) =>
      nth === 0
        ? json(500, '{"code":429,"statusText":"error","message":"Rate limit exceeded","data":null}', {
            'x-ratelimit-reset': String(Date.now() + 400),
          })(response, seen, nth)
        : says(transcript('detail-true-v1'))(response, seen, nth),
    )
    const started = performance.now()
    assert.equal(textOf(eventsOf(await (await it.openai()).text())), '电影')
    const waited = performance.now() - started
    assert.ok(waited > 250 && waited < 5_000, `${waited} ms`)
  })
})

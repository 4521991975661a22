import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import {
  parseJsonEventStream,
  readUIMessageStream,
  uiMessageChunkSchema,
  type UIMessage,
  type UIMessageChunk,
} from 'ai'
import { OpenAI, type ChatStream, type Dialect } from '../../src/client/index.ts'
import { answer, chunk, EVENTS, sse, startProvider } from '../support/provider.ts'
import { eventsOf } from '../support/sse.ts'
import { recordedStreams } from '../support/recorded.ts'
import { ASK, clientOf, utf8 } from './wire.ts'

async function opened(wire: string | Uint8Array): Promise<ChatStream> {
  return clientOf([typeof wire === 'string' ? utf8(wire) : wire]).chat.completions.create(ASK)
}

async function passedOn(wire: string, dialect: Dialect): Promise<readonly string[]> {
  const response = (await opened(wire)).toResponse({ dialect })
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  assert.equal(response.headers.get('x-accel-buffering'), 'no')
  return eventsOf(await response.text()).map(({ name, data }) => (name === '' ? data : `${name}: ${data}`))
}

const FAILED = sse(
  chunk({ role: 'assistant', content: 'a' }),
  '{"error":{"message":"boom","type":"server_error","code":"x","param":null}}',
)
const CUT = sse(chunk({ role: 'assistant', content: 'a' }))

describe('an answer that is passed on', () => {
  test('in OpenAI words is the same, chunk for chunk, unknown fields included', async () => {
    const wire = sse(
      chunk({ role: 'assistant', content: 'a' }, null, { x_own: { deep: 1 } }),
      chunk({}, 'stop'),
      '[DONE]',
    )
    assert.deepEqual(
      await passedOn(wire, 'openai'),
      eventsOf(wire).map(({ data }) => data),
    )
  })

  test('in the relay of Evolution is content, then done', async () => {
    assert.deepEqual(await passedOn(answer('a', '\n"'), 'relay'), [
      '{"content":"a","done":false}',
      '{"content":"\\n\\"","done":false}',
      '{"done":true}',
    ])
  })

  test('as plain text keeps line feeds', async () => {
    assert.deepEqual(await passedOn(answer('a', 'b\nc', '\n'), 'text'), ['a', 'b\nc', '\n', '[DONE]'])
  })

  for (const [dialect, failure] of [
    ['openai', '{"error":{"message":"boom","type":"server_error","code":"x","param":null}}'],
    ['relay', '{"error":"boom","done":true}'],
    ['text', 'error: boom'],
  ] as const) {
    test(`tells of a failure in ${dialect}, and nothing after it`, async () =>
      assert.equal((await passedOn(FAILED, dialect)).at(-1), failure))
  }

  const CUT_WORDS = 'The stream ended before the answer was complete.'
  for (const [dialect, ending] of [
    ['openai', [`{"error":{"message":"${CUT_WORDS}","type":"upstream_error","code":null,"param":null}}`]],
    ['relay', [`{"error":"${CUT_WORDS}","done":true}`]],
    ['text', [`error: ${CUT_WORDS}`]],
    ['ui-message', ['{"type":"text-end","id":"0"}', `{"type":"error","errorText":"${CUT_WORDS}"}`, '[DONE]']],
  ] as const) {
    test(`never makes a cut answer look like a whole one: ${dialect}`, async () => {
      assert.deepEqual((await passedOn(CUT, dialect)).slice(-ending.length), ending)
    })
  }

  test('has the headers and status that the caller adds', async () => {
    const response = (await opened(answer('a'))).toResponse({
      status: 201,
      headers: { 'x-own': 'y', 'cache-control': 'private' },
    })
    assert.deepEqual(
      [response.status, response.headers.get('x-own'), response.headers.get('cache-control')],
      [201, 'y', 'private'],
    )
    await response.body?.cancel()
  })

  test('is read by our own client again', async () => {
    const body = await (await opened(answer('a', 'b'))).toResponse().bytes()
    assert.equal((await (await opened(body)).completion()).choices[0]?.message.content, 'ab')
  })
})

describe("an answer for the AI SDK's useChat", () => {
  /** The message that the AI SDK makes of it; every part checked by its own schema. */
  async function messageOf(wire: string | Uint8Array): Promise<{
    readonly message: UIMessage | undefined
    readonly types: readonly string[]
    readonly errors: readonly string[]
  }> {
    const response = (await opened(wire)).toResponse({ dialect: 'ui-message' })
    assert.equal(response.headers.get('x-vercel-ai-ui-message-stream'), 'v1')
    const types: string[] = []
    const errors: string[] = []
    const parsed = parseJsonEventStream({
      stream: response.body ?? assert.fail('no body'),
      schema: uiMessageChunkSchema,
    })
    const checked = async function* (): AsyncGenerator<UIMessageChunk> {
      for await (const result of parsed) {
        assert.ok(result.success, String(!result.success && result.error))
        types.push(result.value.type)
        yield result.value
      }
    }
    const values = checked()
    const parts = new ReadableStream<UIMessageChunk>({
      async pull(controller) {
        const { done, value } = await values.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
    })
    let message: UIMessage | undefined
    for await (const state of readUIMessageStream({
      stream: parts,
      onError: (error) => void errors.push(String(error)),
    }))
      message = state
    return { message, types, errors }
  }

  test('has its text', async () => {
    const { message, types } = await messageOf(answer('Hel', 'lo'))
    assert.deepEqual(
      message?.parts.filter(({ type }) => type === 'text').map((part) => Reflect.get(part, 'text')),
      ['Hello'],
    )
    assert.deepEqual(types, [
      'start',
      'start-step',
      'text-start',
      'text-delta',
      'text-delta',
      'text-end',
      'finish-step',
      'finish',
    ])
  })

  test('has its reasoning before its text, and its tool calls with their input', async () => {
    const wire = sse(
      chunk({ role: 'assistant', reasoning_content: 'hm' }),
      chunk({ content: 'Let me see.' }),
      chunk({
        tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'weather', arguments: '{"city":' } }],
      }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    )
    const { message } = await messageOf(wire)
    const parts = message?.parts.filter(({ type }) => type !== 'step-start') ?? []
    assert.deepEqual(
      parts.map(({ type }) => type),
      ['reasoning', 'text', 'tool-weather'],
    )
    assert.deepEqual(Reflect.get(parts[2] ?? {}, 'input'), { city: 'Paris' })
    assert.equal(Reflect.get(parts[2] ?? {}, 'state'), 'input-available')
  })

  test('tells of a failure', async () => {
    const { errors, types } = await messageOf(FAILED)
    assert.match(errors.join(), /boom/)
    assert.ok(!types.includes('finish'))
  })

  for (const { name, bytes, expected } of recordedStreams()) {
    test(`has the text of ${name}`, async () => {
      const { message } = await messageOf(bytes)
      const text = message?.parts
        .filter(({ type }) => type === 'text')
        .map((part) => String(Reflect.get(part, 'text')))
        .join('')
      assert.equal(text ?? '', expected.choices[0]?.content)
    })
  }
})

describe("an answer into Node's response", () => {
  /** A server that passes on what the provider says. */
  async function relay(
    baseURL: string,
    dialect: Dialect,
  ): Promise<{ readonly server: Server; readonly url: string; readonly done: Promise<void>[] }> {
    const client = new OpenAI({ baseURL, apiKey: 'k' })
    const done: Promise<void>[] = []
    const server = createServer((_request, response) => {
      const piped = (async () => (await client.chat.completions.create(ASK)).pipeTo(response, { dialect }))()
      done.push(piped)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, done }
  }

  test('arrives as in a web Response', async () => {
    await using provider = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('a', 'b')))
    const { server, url, done } = await relay(provider.baseURL, 'relay')
    const response = await fetch(url)
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    assert.deepEqual(
      eventsOf(await response.text()).map(({ data }) => data),
      ['{"content":"a","done":false}', '{"content":"b","done":false}', '{"done":true}'],
    )
    await Promise.all(done)
    server.close()
  })

  test('waits for a reader that is slow, and ends at the provider when the reader goes', async () => {
    await using provider = await startProvider((response) => {
      response.writeHead(200, EVENTS)
      const more = (): void => {
        while (!response.destroyed && response.write(sse(chunk({ content: 'x'.repeat(1_000) }))));
      }
      response.on('drain', more)
      more()
    })
    const { server, url, done } = await relay(provider.baseURL, 'text')
    const controller = new AbortController()
    const reader = (await fetch(url, { signal: controller.signal })).body?.getReader()
    await reader?.read()
    await new Promise((resolve) => setTimeout(resolve, 150))
    const sent = process.memoryUsage().arrayBuffers
    await new Promise((resolve) => setTimeout(resolve, 150))
    assert.ok(process.memoryUsage().arrayBuffers - sent < 8e6, 'nothing piles up')
    controller.abort()
    assert.equal(await provider.requests[0]?.closed, true)
    await Promise.all(done)
    server.close()
  })
})

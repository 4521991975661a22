import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ChatClient, iterStreamEvents, OpenAI, type FastGptEvent } from '../../src/client/index.ts'
import { serve } from '../../src/node/serve.ts'
import { createProvider } from '../../src/provider/create.ts'
import { gatewayConfig, keepingLogger } from '../support/gateway.ts'
import { EVENTS, startProvider, type Provider } from '../support/provider.ts'
import { eventsOf, textOf } from '../support/sse.ts'

/**
 * FastGPT's transcripts, recorded and constructed (test/fixtures/fastgpt), from a provider through the gateway to every
 * surface, and read by the SDK on either side of it.
 */

const transcript = (name: string): string =>
  readFileSync(new URL(`../fixtures/fastgpt/${name}.sse`, import.meta.url), 'utf8')
const STOP = '{"id":"","object":"","created":0,"choices":[{"delta":{},"index":0,"finish_reason":"stop"}]}'
const PROMPT =
  '{"interactive":{"type":"userSelect","params":{"description":"测试","userSelectOptions":[{"value":"Confirm","key":"option1"},{"value":"Cancel","key":"option2"}]}}}'

interface Case {
  readonly bytes: string
  readonly text: string
  /** Names of the events that are no part of the answer, in order. */
  readonly named: readonly string[]
}

/** The vendor's samples stop before the end, where they do; the ends are as the source writes them. */
const CASES: Readonly<Record<string, Case>> = {
  'detail-false': {
    bytes: `${transcript('detail-false')}data: ${STOP}\n\ndata: [DONE]\n\n`,
    text: '电影',
    named: [],
  },
  'detail-true-v1': {
    bytes: transcript('detail-true-v1'),
    text: '电影',
    named: ['flowNodeStatus', 'flowNodeStatus', 'flowResponses'],
  },
  plugin: { bytes: transcript('plugin'), text: '', named: ['flowResponses'] },
  tools: {
    bytes: `${transcript('tools')}event: answer\ndata: ${STOP}\n\nevent: answer\ndata: [DONE]\n\n`,
    text: '',
    named: ['toolCall', 'toolParams', 'toolResponse'],
  },
  interactive: {
    bytes: `event: interactive\ndata: ${PROMPT}\n\nevent: answer\ndata: [DONE]\n\n`,
    text: '',
    named: ['interactive'],
  },
}

/** A FastGPT that says this, and a gateway before it. */
async function rig(bytes: string): Promise<{ fastgpt: Provider; url: string } & AsyncDisposable> {
  const fastgpt = await startProvider((response) => {
    // As FastGPT writes: the event's name in one write, its data in another.
    response.writeHead(200, { ...EVENTS, 'content-type': 'text/event-stream;charset=utf-8' })
    for (const part of bytes.split(/(?<=^event: .*\n)/m)) response.write(part)
    response.end()
  })
  const passthrough = createProvider('fast', { preset: 'fastgpt', baseUrl: fastgpt.baseURL, apiKey: 'fastgpt-key' }, {})
  const server = await serve({ config: gatewayConfig({ passthrough }), logger: keepingLogger() })
  return {
    fastgpt,
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await fastgpt[Symbol.asyncDispose]()
    },
  }
}

const messages = [{ role: 'user' as const, content: '导演是谁' }]

/** What a ChatClient reads, without what a gateway repairs (ids, models, times). */
async function typed(baseUrl: string): Promise<readonly object[]> {
  await using client = new ChatClient({ apiKey: 'fastgpt-key', baseUrl, maxRetries: 0 })
  const events: FastGptEvent[] = []
  const response = await client.createChatCompletion({ messages, stream: true, detail: true })
  for await (const event of iterStreamEvents(response)) events.push(event)
  return events.map((event) => ('chunk' in event ? { type: 'text', text: event.text } : event))
}

const origin = (url: string): string => new URL(url).origin

for (const [name, { bytes, text, named }] of Object.entries(CASES)) {
  describe(`FastGPT's transcript ${name}`, () => {
    test("is OpenAI's stream on OpenAI's surface, with the rest for those who ask", async () => {
      await using it = await rig(bytes)
      const body = JSON.stringify({ model: 'any', stream: true, messages, detail: true })
      const response = await fetch(`${it.url}/v1/chat/completions`, { method: 'POST', body })
      const events = eventsOf(await response.text())
      assert.equal(textOf(events), text)
      assert.deepEqual([...new Set(events.map((event) => event.name))], [''])
      assert.equal(events.at(-1)?.data, '[DONE]')
      assert.match(events.at(-2)?.data ?? '', /"finish_reason":"stop"/)
      const kept = await fetch(`${it.url}/v1/streams/${response.headers.get('x-stream-id')}?events=named`)
      const shown = eventsOf(await kept.text()).map((event) => event.name)
      assert.deepEqual(
        shown.filter((one) => one !== ''),
        named,
      )
    })

    for (const version of ['v1', 'v2']) {
      for (const detail of [true, false]) {
        test(`is ${version}'s stream on FastGPT's surface, detail ${detail}`, async () => {
          await using it = await rig(bytes)
          const body = JSON.stringify({ stream: true, messages, detail })
          const response = await fetch(`${it.url}/api/${version}/chat/completions`, { method: 'POST', body })
          const events = eventsOf(await response.text())
          const answers = events.filter((event) => event.name === (detail ? 'answer' : ''))
          assert.equal(textOf(answers), text)
          assert.equal(answers.at(-1)?.data, '[DONE]')
          const rest = events.filter((event) => !answers.includes(event)).map((event) => event.name)
          // v2 tells of each node by itself. The vendor's samples elide some of their results: those are no JSON, and
          // are passed on whole.
          const expected = named.filter((one) => detail || one === 'chatTitle')
          assert.deepEqual(
            version === 'v1' ? rest : rest.map((one) => one.replace('NodeResponse', 'Responses')),
            expected,
          )
        })
      }
    }

    test("is read by the SDK's ChatClient through the gateway as it is without one", async () => {
      await using it = await rig(bytes)
      const direct = await typed(origin(it.fastgpt.baseURL))
      const through = await typed(it.url)
      // Chunks may be cut otherwise; what they say is the same.
      const textIn = (events: readonly object[]): string =>
        events.map((event) => ('text' in event ? String(event.text) : '')).join('')
      assert.equal(textIn(direct), text)
      assert.equal(textIn(through), text)
      const others = (events: readonly object[]): unknown => events.filter((event) => !('text' in event))
      assert.deepEqual(others(through), others(direct))
    })

    test("is read by the SDK's OpenAI client, named events and all", async () => {
      await using it = await rig(bytes)
      const client = new OpenAI({ baseURL: `${it.url}/api/v1`, apiKey: 'fastgpt-key', maxRetries: 0 })
      const request = { model: 'any', messages, stream: true as const, detail: true }
      const stream = await client.chat.completions.create(request)
      const seen: string[] = []
      let read = ''
      for await (const event of stream.events()) {
        if (event.type === 'chunk') read += event.chunk.choices[0]?.delta.content ?? ''
        else seen.push(event.name)
      }
      assert.deepEqual([read, seen], [text, named])
    })
  })
}

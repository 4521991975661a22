import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  APIError,
  StreamTruncatedError,
  type ChatCompletion,
  type ChatStream,
  type ClientOptions,
} from '../../src/client/index.ts'
import { recordedStreams, type Expected } from '../support/recorded.ts'
import { answer, chunk, sse } from '../support/provider.ts'
import { ASK, clientOf, cut, seeded, utf8 } from './wire.ts'

const CUTS: Readonly<Record<string, (bytes: Uint8Array) => readonly Uint8Array[]>> = {
  // Where the head and the first events are; what follows is more of the same.
  'one byte at a time': (bytes) => [...cut(bytes.slice(0, 8_000), () => 1), ...cut(bytes.slice(8_000), () => 61)],
  'at random': (bytes) => cut(bytes, randomLength(seeded(bytes.length))),
  'all at once': (bytes) => [bytes],
}

/** The same stream, opened anew for each way of reading it. */
function opener(reads: readonly Uint8Array[], options?: ClientOptions): () => Promise<ChatStream> {
  const client = clientOf(reads, options)
  return async () => client.chat.completions.create(ASK)
}

function randomLength(random: () => number): () => number {
  return () => 1 + Math.floor(random() ** 3 * 400)
}

async function textOf(stream: ChatStream): Promise<string> {
  let text = ''
  for await (const piece of stream.text()) text += piece
  return text
}

/** The ways that matter, checked against each other. Gives the completion. */
async function readEveryWay(open: () => Promise<ChatStream>): Promise<ChatCompletion> {
  const completion = await (await open()).completion()
  assert.equal(await textOf(await open()), completion.choices[0]?.message.content ?? '')
  const stream = await open()
  let reasoning = ''
  for await (const piece of stream.reasoning()) reasoning += piece
  assert.equal(reasoning, completion.choices[0]?.message.reasoning_content ?? '')
  assert.deepEqual(await stream.completion(), completion)
  const done = []
  for await (const { call, done: isDone } of (await open()).toolCalls()) if (isDone) done.push(call)
  const calls = completion.choices[0]?.message.tool_calls ?? []
  assert.deepEqual(
    done.map((call) => call.type === 'function' && [call.function.name, call.function.arguments]),
    calls.map((call) => call.type === 'function' && [call.function.name, call.function.arguments]),
  )
  return completion
}

describe('recorded streams', () => {
  for (const { name, kind, bytes, expected } of recordedStreams()) {
    for (const [how, cutUp] of Object.entries(CUTS)) {
      test(`${name}, cut ${how}, gives its text, reasoning, tool calls, end and usage`, async () => {
        const completion = await readEveryWay(opener(cutUp(bytes)))
        assertExpected(completion, expected)
      })
    }

    test(`${name} raises when it is cut anywhere before its end`, async () => {
      const text = bytes.toString()
      const end = text.search(/"finish_reason": ?"/)
      assert.ok(end > 0, `${kind} has an end`)
      const events = [...text.slice(0, end).matchAll(/\n\n/g)].map(({ index }) => index + 2)
      const some = events.filter((_, i) => i % Math.ceil(events.length / 12) === 0)
      for (const place of [...some, ...some.map((at) => at - 9), end]) {
        const reads = [utf8(text.slice(0, Math.max(0, place)))]
        for (const breaks of [false, true]) {
          const open = async (): Promise<ChatStream> => clientOf(reads, { breaks }).chat.completions.create(ASK)
          await assert.rejects(async () => (await open()).completion(), StreamTruncatedError)
          await assert.rejects(async () => textOf(await open()), StreamTruncatedError)
        }
      }
    })
  }
})

function assertExpected(completion: ChatCompletion, expected: Expected): void {
  for (const choice of expected.choices) {
    const message = completion.choices[choice.index]?.message
    assert.equal(message?.content ?? '', choice.content)
    assert.equal(message?.reasoning_content ?? null, choice.reasoning)
    const calls = (message?.tool_calls ?? []).map(
      (call) => call.type === 'function' && { id: call.id, ...call.function },
    )
    assert.deepEqual(calls, choice.tool_calls)
    assert.equal(completion.choices[choice.index]?.finish_reason, choice.finish_reason)
  }
  if (expected.usage === null) assert.equal(completion.usage, undefined)
  else
    for (const [field, value] of Object.entries(expected.usage))
      assert.deepEqual(Reflect.get(completion.usage ?? {}, field), value, field)
}

/** What is on the wire, and the text that it says; each is a deviation that was seen somewhere. */
const ODD: Readonly<Record<string, readonly [wire: string, text: string]>> = {
  'Azure: a first chunk without choices': [
    sse('{"id":"","choices":[],"created":0,"model":"","object":"","prompt_filter_results":[]}') + answer('a'),
    'a',
  ],
  'Azure: a filter chunk without delta': [
    sse(
      chunk({ role: 'assistant', content: 'a' }),
      '{"id":"","choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{"check_offset":1},"content_filter_results":{}}]}',
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a',
  ],
  'Azure, Xinference: CRLF': [answer('a', 'b').replaceAll('\n', '\r\n'), 'ab'],
  'CR alone': [answer('a', 'b').replaceAll('\n', '\r'), 'ab'],
  'a BOM': [`\uFEFF${answer('a')}`, 'a'],
  'DeepSeek: comments': [`: keep-alive\n\n${answer('a').replace('\n\n', '\n\n: keep-alive\n\n')}`, 'a'],
  'OpenRouter: comments': [`: OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n${answer('a')}`, 'a'],
  'our gateway: a heartbeat of one line': [answer('a', 'b').replaceAll('data:', ': hb\ndata:'), 'ab'],
  'vLLM: usage on every chunk': [
    sse(
      chunk({ role: 'assistant', content: '' }, null, {
        usage: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 },
      }),
      chunk({ content: 'a' }, null, { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a',
  ],
  'llama.cpp: content null first, empty model': [
    sse(
      chunk({ role: 'assistant', content: null }, null, { model: '' }),
      chunk({ content: 'a' }),
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a',
  ],
  'llama.cpp: [DONE] without its blank line': [answer('a').trimEnd(), 'a'],
  'empty frames as a sign of life': [answer('a', 'b').replaceAll('data: {', 'data:\n\ndata: {'), 'ab'],
  'Ollama: the role on every chunk, an empty finish_reason': [
    sse(...['a', 'b'].map((content) => chunk({ role: 'assistant', content }, '')), chunk({}, 'stop'), '[DONE]'),
    'ab',
  ],
  'Mistral: content as a list': [
    sse(
      chunk({ role: 'assistant', content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
      chunk({ content: [{ type: 'text', text: 'a' }] }),
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a',
  ],
  'Together: text beside the delta, usage in the last content chunk': [
    sse(
      `{"id":"x","object":"completion.chunk","created":1,"choices":[{"index":0,"text":"a","logprobs":null,"finish_reason":"length","delta":{"token_id":1,"content":"a"}}],"model":"m","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`,
      '[DONE]',
    ),
    'a',
  ],
  'MiniMax: no [DONE], an empty role': [
    sse(chunk({ role: '', reasoning_content: '' }), chunk({ content: 'a' }), chunk({}, 'stop')),
    'a',
  ],
  'no space behind the colon': [answer('a').replaceAll('data: ', 'data:'), 'a'],
  'Portkey: an empty list of tool calls on every chunk': [
    sse(
      chunk({ role: 'assistant', content: '', tool_calls: [] }),
      chunk({ content: 'a', tool_calls: [] }),
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a',
  ],
  'FastGPT: empty ids, named answers, events between': [
    `event: flowNodeStatus\ndata: {"status":"running","name":"AI"}\n\n${['a', 'b'].map((content) => `event: answer\ndata: {"id":"","object":"","created":0,"choices":[{"delta":{"content":"${content}"},"index":0,"finish_reason":null}]}\n\n`).join('')}event: answer\ndata: {"id":"","object":"","created":0,"choices":[{"delta":{},"index":0,"finish_reason":"stop"}]}\n\nevent: answer\ndata: [DONE]\n\nevent: flowResponses\ndata: [{"moduleName":"AI"}]\n\n`,
    'ab',
  ],
  'a whole answer in JSON, behind blank lines': [
    '\n\n{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}',
    'a',
  ],
  'OpenAI: padding of every length': [
    sse(
      ...['a', '"', '\\', '\n', '\u2028', '👍'].map((content, i) =>
        chunk({ content }, null, {}).replace(/}$/, `,"obfuscation":"${'x'.repeat(i)}"}`),
      ),
      chunk({}, 'stop'),
      '[DONE]',
    ),
    'a"\\\n\u2028👍',
  ],
}

describe('deviations that are known of providers', () => {
  for (const [name, [wire, text]] of Object.entries(ODD)) {
    for (const [how, cutUp] of Object.entries(CUTS)) {
      test(`${name}, cut ${how}`, async () => {
        const completion = await readEveryWay(opener(cutUp(utf8(wire))))
        assert.equal(completion.choices[0]?.message.content, text)
      })
    }
  }

  const FAILED: Readonly<Record<string, readonly [wire: string, message: string | RegExp]>> = {
    'OpenAI: an error and no [DONE]': [
      answer('a').split('data: {"id"').slice(0, 2).join('data: {"id"') +
        sse('{"error": {"message": "The server had an error", "type": "server_error"}}'),
      'The server had an error',
    ],
    'vLLM: an error, then [DONE]': [
      sse(chunk({ content: 'a' }), '{"error":{"message":"boom","type":"x","code":500}}', '[DONE]'),
      'boom',
    ],
    'llama.cpp: a line `error:`': [
      `${sse(chunk({ content: 'a' }))}error: {"code":400,"message":"too long","type":"invalid_request_error"}\n\ndata: [DONE]\n\n`,
      'too long',
    ],
    'FastGPT: event: error': [
      'event: error\ndata: {"code":514,"statusText":"unAuthApiKey","message":"bad key","data":null}\n\n',
      /bad key/,
    ],
    'OpenRouter: a chunk with an error': [
      sse(
        '{"id":"x","error":{"code":"server_error","message":"Provider disconnected"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}',
      ),
      'Provider disconnected',
    ],
    'MiniMax: base_resp with 200': [
      '{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}',
      /insufficient balance/,
    ],
    'HTML with 200': ['<html><body>Bad gateway</body></html>', /HTML/],
    'an error in JSON with 200': ['{"error":{"message":"nope","type":"x","param":null,"code":null}}', 'nope'],
  }
  for (const [name, [wire, message]] of Object.entries(FAILED)) {
    test(`${name} raises an APIError with the provider's words`, async () => {
      for (const cutUp of Object.values(CUTS)) {
        const open = opener(cutUp(utf8(wire)))
        const matches = (error: unknown): boolean => {
          assert.ok(error instanceof APIError, String(error))
          if (typeof message === 'string') assert.equal(error.message, message)
          else assert.match(error.message, message)
          return true
        }
        await assert.rejects(async () => (await open()).completion(), matches)
        await assert.rejects(async () => textOf(await open()), matches)
      }
    })
  }

  for (const [name, wire] of Object.entries({
    'only [DONE]': sse('[DONE]'),
    'nothing at all': '',
    '[DONE] without a finish_reason': sse(chunk({ role: 'assistant', content: 'a' }), '[DONE]'),
    'only comments': ': hb\n: hb\n',
    'one of two choices finished': sse(
      chunk({ content: 'a' }),
      chunk({ content: 'b' }).replace('"index":0', '"index":1'),
      chunk({}, 'stop'),
      '[DONE]',
    ),
  })) {
    test(`${name} is no answer`, async () => {
      const open = opener([utf8(wire)])
      await assert.rejects(async () => (await open()).completion(), StreamTruncatedError)
      await assert.rejects(async () => textOf(await open()), StreamTruncatedError)
      await assert.rejects(async () => {
        for await (const _ of await open());
      }, StreamTruncatedError)
    })
  }
})

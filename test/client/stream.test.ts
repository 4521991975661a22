import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stream } from 'openai/streaming'
import {
  APIUserAbortError,
  OpenAI,
  StreamTruncatedError,
  type ChatCompletionChunk,
  type ChatStream,
  type StreamEvent,
} from '../../src/client/index.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Provider } from '../support/provider.ts'
import { ASK, clientOf, utf8 } from './wire.ts'

const CONSUMED = { message: 'Cannot iterate over a consumed stream, use `.tee()` to split the stream.' }

async function opened(wire: string): Promise<ChatStream> {
  return clientOf([utf8(wire)]).chat.completions.create(ASK)
}

/** A provider that never stops talking. */
async function endless(): Promise<Provider> {
  return startProvider((response) => {
    response.writeHead(200, EVENTS)
    const timer = setInterval(() => response.write(sse(chunk({ content: 'x' }))), 2)
    response.once('close', () => clearInterval(timer))
  })
}

function talkingTo(provider: Provider, signal?: AbortSignal): Promise<ChatStream> {
  const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
  return Promise.resolve(client.chat.completions.create(ASK, { signal }))
}

async function contents(stream: AsyncIterable<ChatCompletionChunk>): Promise<string> {
  let text = ''
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
  return text
}

describe('a stream is read once', () => {
  for (const [first, read] of Object.entries<(stream: ChatStream) => unknown>({
    chunks: (stream) => stream[Symbol.asyncIterator](),
    text: (stream) => stream.text(),
    reasoning: (stream) => stream.reasoning(),
    events: (stream) => stream.events(),
    completion: (stream) => stream.completion(),
    tee: (stream) => stream.tee(),
    toResponse: (stream) => stream.toResponse(),
    toReadableStream: (stream) => stream.toReadableStream(),
  })) {
    test(`and ${first} is one reading`, async () => {
      const stream = await opened(answer('a'))
      await read(stream)
      assert.throws(() => stream.text(), CONSUMED)
      assert.throws(() => stream[Symbol.asyncIterator](), CONSUMED)
      assert.throws(() => stream.tee(), CONSUMED)
    })
  }

  test('and the completion can be had beside any reading', async () => {
    const stream = await opened(answer('a', 'b'))
    const whole = stream.completion()
    assert.equal(stream.completion(), whole)
    assert.equal((await whole).choices[0]?.message.content, 'ab')
    const other = await opened(answer('a', 'b'))
    const pieces = other.text()
    const beside = other.completion()
    for await (const _ of pieces);
    assert.deepEqual(await beside, await whole)
  })

  test('and the completion rejects when that reading is left early', async () => {
    const stream = await opened(answer('a', 'b'))
    for await (const _ of stream.text()) break
    await assert.rejects(() => stream.completion(), StreamTruncatedError)
  })

  test('and next() may be called again before the last one is answered', async () => {
    const stream = await opened(answer('a', 'b', 'c'))
    const pieces = stream.text()
    const results = await Promise.all([pieces.next(), pieces.next(), pieces.next(), pieces.next(), pieces.next()])
    assert.deepEqual(
      results.map(({ value }) => value),
      ['a', 'b', 'c', undefined, undefined],
    )
  })
})

describe('a stream that is left', () => {
  for (const [how, leave] of Object.entries<(stream: ChatStream) => Promise<void>>({
    'break out of the chunks': async (stream) => {
      for await (const _ of stream) break
    },
    'break out of the text': async (stream) => {
      for await (const _ of stream.text()) break
    },
    'break out of the tool calls': async (stream) => {
      const calls = stream.toolCalls()
      const first = calls.next()
      await new Promise((resolve) => setTimeout(resolve, 20))
      stream.controller.abort()
      await first
    },
    'an error in the loop': async (stream) => {
      await assert.rejects(async () => {
        for await (const _ of stream) throw new RangeError('mine')
      }, RangeError)
    },
    using: async (stream) => {
      using left = stream
      assert.ok(left.response.ok)
    },
    'await using': async (stream) => {
      await using left = stream
      assert.ok(left.response.ok)
    },
    'controller.abort()': async (stream) => stream.controller.abort(),
    'cancel()': async (stream) => stream.cancel(),
    "a response's reader that goes": async (stream) => {
      const reader = stream.toResponse().body?.getReader()
      await reader?.read()
      await reader?.cancel()
    },
    'both branches of a tee': async (stream) => {
      for (const branch of stream.tee()) for await (const _ of branch) break
    },
  })) {
    test(`by ${how} ends the exchange with the provider`, async () => {
      await using provider = await endless()
      await leave(await talkingTo(provider))
      assert.equal(await provider.requests[0]?.closed, true)
    })
  }

  test('by the signal of the call ends the loop quietly, and the completion with an error', async () => {
    await using provider = await endless()
    const controller = new AbortController()
    const stream = await talkingTo(provider, controller.signal)
    const whole = stream.completion()
    await new Promise((resolve) => setTimeout(resolve, 20))
    controller.abort()
    await assert.rejects(whole, APIUserAbortError)
    assert.equal(await provider.requests[0]?.closed, true)
  })

  test('leaves no listener on a signal that lives on', async () => {
    let listeners = 0
    const { signal } = new AbortController()
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    // Counts calls that go through; the signal is the real one.
    signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args))
    signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args))
    await using provider = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('a', 'b')))
    for (let i = 0; i < 5; i++) await (await talkingTo(provider, signal)).completion()
    for (let i = 0; i < 5; i++) for await (const _ of await talkingTo(provider, signal)) break
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(listeners, 0)
  })
})

describe('tee', () => {
  test('gives two streams with all of it, at their own speed, each its own objects', async () => {
    const [left, right] = (await opened(answer('a', 'b', 'c'))).tee()
    assert.equal(await contents(left), 'abc')
    let text = ''
    for await (const piece of right.text()) text += piece
    assert.equal(text, 'abc')
    assert.deepEqual(await left.completion(), await right.completion())
  })

  test('goes on for one when the other is left', async () => {
    const [left, right] = (await opened(answer('a', 'b', 'c'))).tee()
    for await (const _ of left) break
    assert.equal((await right.completion()).choices[0]?.message.content, 'abc')
  })

  test('tells both of a failure', async () => {
    const [left, right] = (await opened(sse(chunk({ role: 'assistant', content: 'a' })))).tee()
    await assert.rejects(() => left.completion(), StreamTruncatedError)
    await assert.rejects(() => right.completion(), StreamTruncatedError)
  })
})

describe('forms', () => {
  test('toReadableStream is read by the official SDK', async () => {
    const lines = (await opened(answer('a', '\n', 'ü'))).toReadableStream()
    assert.equal(await contents(Stream.fromReadableStream<ChatCompletionChunk>(lines, new AbortController())), 'a\nü')
  })

  test('toolCalls tells of calls as they grow, and once that they are complete', async () => {
    const call = (index: number, more: object): string => chunk({ tool_calls: [{ index, ...more }] })
    const wire = sse(
      chunk({ role: 'assistant', content: null }),
      call(0, { id: 'a', type: 'function', function: { name: 'weather', arguments: '' } }),
      call(0, { function: { arguments: '{"city":"Par' } }),
      call(0, { function: { arguments: 'is"}' } }),
      call(1, { id: 'b', type: 'function', function: { name: 'time', arguments: '' } }),
      chunk({}, 'tool_calls'),
      '[DONE]',
    )
    const seen: unknown[] = []
    for await (const { index, call: each, arguments: value, done } of (await opened(wire)).toolCalls()) {
      assert.equal(each.type, 'function')
      seen.push([index, each.id, structuredClone(value), done])
    }
    assert.deepEqual(seen, [
      [0, 'a', undefined, false],
      [0, 'a', { city: 'Par' }, false],
      [0, 'a', { city: 'Paris' }, false],
      [0, 'a', { city: 'Paris' }, true],
      [1, 'b', undefined, false],
      [1, 'b', undefined, true],
    ])
  })

  test('events tells of named events too, also of those behind [DONE]', async () => {
    const wire = `event: flowNodeStatus\ndata: {"status":"running"}\n\n${answer('a')}event: flowResponses\ndata: [1]\n\nevent: note\ndata: words\n\n`
    const seen: StreamEvent[] = []
    for await (const event of (await opened(wire)).events()) if (event.type === 'event') seen.push(event)
    assert.deepEqual(seen, [
      { type: 'event', name: 'flowNodeStatus', data: { status: 'running' } },
      { type: 'event', name: 'flowResponses', data: [1] },
      { type: 'event', name: 'note', data: 'words' },
    ])
  })

  test('metrics tell the time to the first token and to the end, and count chunks', async () => {
    await using provider = await startProvider((response) => {
      response.writeHead(200, EVENTS).write(sse(chunk({ role: 'assistant', content: '' })))
      setTimeout(() => response.end(answer('a', 'b')), 40)
    })
    const stream = await talkingTo(provider)
    assert.equal(stream.metrics.firstTokenMs, undefined)
    await stream.completion()
    const { headMs, firstTokenMs, totalMs, chunks, reconnects, rescues } = stream.metrics
    assert.ok(headMs >= 0 && Number(firstTokenMs) >= headMs + 20 && Number(totalMs) >= Number(firstTokenMs))
    assert.deepEqual([chunks, reconnects, rescues], [5, 0, 0])
  })

  test('partial is the completion as far as it has come, at any time', async () => {
    const stream = await opened(answer('one ', 'two ', 'three'))
    const seen: unknown[] = []
    for await (const _ of stream.text()) seen.push((await stream.partial()).choices[0]?.message.content)
    assert.deepEqual(seen, ['one ', 'one two ', 'one two three'])
  })

  test('a connection is used again after a stream was read to its end', async () => {
    await using provider = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('a')))
    for (let i = 0; i < 6; i++) {
      await (await talkingTo(provider)).completion()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.equal(provider.sockets, 1)
  })

  test("the caller's request is sent as it was when it was made, and is not changed", async () => {
    await using provider = await startProvider((response, _seen, nth) => {
      if (nth === 0) response.writeHead(500, { 'retry-after-ms': '20' }).end('{}')
      else response.writeHead(200, EVENTS).end(answer('a'))
    })
    const messages: { role: 'user'; content: string }[] = [{ role: 'user', content: 'first' }]
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const pending = client.chat.completions.create({ model: 'm', messages, stream: true })
    messages.push({ role: 'user', content: 'second' })
    await (await pending).completion()
    assert.equal(provider.requests[1]?.body, provider.requests[0]?.body)
    assert.doesNotMatch(provider.requests[1]?.body ?? '', /second/)
  })
})

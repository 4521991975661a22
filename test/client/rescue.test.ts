import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OpenAI, StreamInterruptedError, StreamTruncatedError, type ChatRequest } from '../../src/client/index.ts'
import { continuationOf } from '../../src/completion/continuation.ts'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'
import { ASK } from './wire.ts'

const QUESTIONS: Readonly<Record<string, string>> = {
  English: 'Tell me a story about dragons',
  Russian: 'Расскажи длинную историю про космос',
  Chinese: '请写一个关于大海的故事',
  Markdown: 'Write a Python function to sort a list, with an explanation',
}

/** The simulator, with a model that is healthy and one that breaks off, as one service. */
async function simulated(
  healthy: string,
  broken: string,
): Promise<{ readonly client: OpenAI; readonly close: () => Promise<void> }> {
  const simulator = await startSimulator()
  // The first request goes to the model that breaks; what the client asks for afterwards does not.
  let first = true
  const send: typeof fetch = async (input, init) => {
    const model = first ? broken : healthy
    first = false
    return fetch(input, {
      ...init,
      body: (typeof init?.body === 'string' ? init.body : '').replace(
        '"model":"m"',
        JSON.stringify({ model }).slice(1, -1),
      ),
    })
  }
  const client = new OpenAI({ baseURL: simulator.url, apiKey: 'k', fetch: send, maxRetries: 0 })
  return { client, close: () => simulator.close() }
}

describe('an answer that broke off, continued by asking for the rest', () => {
  for (const [language, content] of Object.entries(QUESTIONS)) {
    test(`is whole, with nothing lost and nothing said twice: ${language}`, async () => {
      const messages = [{ role: 'user' as const, content }]
      const model = 'sim:tokens=120,first=0,interval=0'
      const whole = answerFor({ model, messages })
      for (const [at, extra] of [
        [20, 'overlap=0'],
        [55, 'overlap=12'],
        [80, 'overlap=25,preamble=1'],
        [110, 'overlap=30,preamble=1'],
      ] as const) {
        for (const fault of ['cut', 'reset']) {
          const { client, close } = await simulated(`${model},${extra}`, `${model},fault=${fault}@${at}`)
          const before = structuredClone(messages)
          const stream = await client.chat.completions.create(
            { model: 'm', messages, stream: true },
            { onInterrupted: 'continue' },
          )
          let text = ''
          for await (const piece of stream.text()) text += piece
          await close()
          assert.equal(text, whole, `${fault}@${at} ${extra}`)
          assert.equal(stream.metrics.rescues, 1)
          assert.deepEqual(messages, before)
        }
      }
    })
  }

  /** Answers the first request with `first`, cut; the second with `second`, whole. Gives what was read and asked. */
  async function rescue(
    first: string,
    second: string,
    request: Partial<ChatRequest> = {},
    how: 'continue' | 'restart' = 'continue',
  ): Promise<readonly [string, readonly ChatRequest[]]> {
    const serve: Answer = (response, _seen, nth) => {
      response.writeHead(200, EVENTS)
      if (nth > 0) return void response.end(second)
      response.write(first)
      setTimeout(() => response.destroy(), 5)
    }
    await using provider = await startProvider(serve)
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', onInterrupted: how })
    const stream = await client.chat.completions.create({ ...ASK, ...request, stream: true })
    const { choices } = await stream.completion()
    return [choices[0]?.message.content ?? '', provider.requests.map(({ body }) => JSON.parse(body))]
  }

  const BEGUN = sse(chunk({ role: 'assistant', content: 'The quick ' }), chunk({ content: 'brown' }))

  test('asks in the language of the answer, after the text that was shown, with fewer tokens to spend', async () => {
    const [text, requests] = await rescue(BEGUN, answer('brown fox'), { max_tokens: 100, stop: ['END'] })
    assert.equal(text, 'The quick brown fox')
    const second = requests[1] ?? assert.fail('no second request')
    assert.equal(second.messages.length, 3)
    assert.deepEqual(second.messages[1], { role: 'assistant', content: 'The quick brown' })
    assert.match(JSON.stringify(second.messages[2]), /continue exactly/i)
    assert.ok(second.max_tokens !== undefined && Number(second.max_tokens) < 100)
    assert.deepEqual(second.stop, ['END'])
    const russian = continuationOf({ model: 'm', messages: [] }, 'Быстрая лиса', 1)
    assert.match(JSON.stringify(russian.messages[1]), /Продолжи/)
  })

  test('ends at a stop sequence that straddles the seam', async () => {
    const [text] = await rescue(
      sse(chunk({ role: 'assistant', content: 'one EN' })),
      answer('D and more', ' and more'),
      { stop: 'END' },
    )
    assert.equal(text, 'one EN')
  })

  test('is simply asked for again when nothing of it was shown', async () => {
    const [text, requests] = await rescue(sse(chunk({ role: 'assistant', content: '' })), answer('all of it'))
    assert.equal(text, 'all of it')
    assert.deepEqual(requests[1], requests[0])
  })

  test('keeps the reasoning that was shown, and not that of the second attempt', async () => {
    const first = sse(chunk({ role: 'assistant', reasoning_content: 'hm' }))
    const second = sse(
      chunk({ role: 'assistant', reasoning_content: 'well' }),
      chunk({ content: 'yes' }),
      chunk({}, 'stop'),
      '[DONE]',
    )
    await using provider = await startProvider((response, _seen, nth) => {
      response.writeHead(200, EVENTS)
      if (nth > 0) response.end(second)
      else response.write(first, () => setTimeout(() => response.destroy(), 5))
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', onInterrupted: 'continue' })
    const { choices } = await (await client.chat.completions.create(ASK)).completion()
    assert.deepEqual([choices[0]?.message.reasoning_content, choices[0]?.message.content], ['hm', 'yes'])
  })

  for (const [what, first, request] of [
    [
      'a tool call was begun',
      sse(
        chunk({
          role: 'assistant',
          tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{"a' } }],
        }),
      ),
      {},
    ],
    ['a schema was asked for', BEGUN, { response_format: { type: 'json_schema', json_schema: { name: 's' } } }],
    ['logprobs were asked for', BEGUN, { logprobs: true }],
    ['there are several choices', BEGUN, { n: 2 }],
  ] as const) {
    test(`is an error when ${what}: that cannot be continued`, async () => {
      await assert.rejects(rescue(first, answer('x'), request), StreamInterruptedError)
    })
  }

  test('is rescued three times at most', async () => {
    await using provider = await startProvider((response, _seen, nth) => {
      response.writeHead(200, EVENTS).write(sse(chunk({ role: 'assistant', content: `part ${nth}. ` })))
      setTimeout(() => response.destroy(), 5)
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', onInterrupted: 'continue' })
    const stream = await client.chat.completions.create(ASK)
    await assert.rejects(() => stream.completion(), StreamTruncatedError)
    assert.equal(provider.requests.length, 4)
    assert.equal((await stream.partial()).choices[0]?.message.content, 'part 0. part 1. part 2. part 3. ')
  })
})

describe('an answer that broke off, asked for again', () => {
  test('is shown from where the first one ended', async () => {
    const model = 'sim:tokens=80,first=0,interval=0'
    const messages = [{ role: 'user' as const, content: 'Tell me about the sea' }]
    const { client, close } = await simulated(model, `${model},fault=cut@33`)
    const stream = await client.chat.completions.create(
      { model: 'm', messages, stream: true },
      { onInterrupted: 'restart' },
    )
    assert.equal((await stream.completion()).choices[0]?.message.content, answerFor({ model, messages }))
    await close()
  })

  test('is an error when it turns out differently: nothing of the second answer is shown', async () => {
    await using provider = await startProvider((response, _seen, nth) => {
      response.writeHead(200, EVENTS)
      if (nth > 0) response.end(answer('Once there was', ' a queen'))
      else
        response.write(sse(chunk({ role: 'assistant', content: 'Once upon' })), () =>
          setTimeout(() => response.destroy(), 5),
        )
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', onInterrupted: 'restart' })
    const stream = await client.chat.completions.create(ASK)
    let text = ''
    await assert.rejects(async () => {
      for await (const piece of stream.text()) text += piece
    }, StreamInterruptedError)
    assert.equal(text, 'Once upon')
  })
})

test('without being told to, an answer that broke off is an error', async () => {
  await using provider = await startProvider((response) => {
    response
      .writeHead(200, EVENTS)
      .write(sse(chunk({ role: 'assistant', content: 'half' })), () => setTimeout(() => response.destroy(), 5))
  })
  const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
  await assert.rejects(async () => (await client.chat.completions.create(ASK)).completion(), StreamInterruptedError)
  assert.equal(provider.requests.length, 1)
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { OpenAI, StreamInterruptedError, StreamTruncatedError } from '../../src/client/index.ts'
import { answerFor } from '../../src/simulator/index.ts'
import { startRig, type Rig } from '../support/gateway.ts'
import { answer, chunk, EVENTS, startProvider, type Answer } from '../support/provider.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'
import { ASK } from './wire.ts'

/** Retries in milliseconds instead of seconds. */
const FAST = { firstDelayMs: 5, longestDelayMs: 20 } as const
const QUESTION = [{ role: 'user', content: 'Tell me a story about dragons' }] as const

const expected = (model: string): string => answerFor({ model, messages: [...QUESTION] })

describe('resuming from a gateway', () => {
  let rig: Rig
  let proxy: Proxy
  let client: OpenAI

  before(async () => {
    rig = await startRig()
    proxy = await startProxy(Number(new URL(rig.url).port))
    client = new OpenAI({ baseURL: `http://127.0.0.1:${proxy.port}/v1`, apiKey: 'k', resume: FAST })
  })
  after(async () => {
    await proxy[Symbol.asyncDispose]()
    await rig[Symbol.asyncDispose]()
  })

  for (const how of ['reset', 'end'] as const) {
    test(`gives the exact text through dozens of cuts (${how})`, async () => {
      const model = 'sim:tokens=300,first=0,interval=1ms'
      Object.assign(proxy, { how, cutAfter: 4_000 })
      try {
        const stream = await client.chat.completions.create({ model, messages: QUESTION, stream: true })
        let text = ''
        for await (const piece of stream.text()) text += piece
        assert.equal(text, expected(model))
        assert.ok(stream.metrics.reconnects >= 5, `${stream.metrics.reconnects} reconnects`)
        assert.match(stream.id ?? '', /^st_/)
        assert.ok(stream.cursor?.startsWith(`${stream.id}:`))
      } finally {
        proxy.cutAfter = Infinity
      }
    })
  }

  test('gives every chunk once, and usage, and a completion like an undisturbed one', async () => {
    const model = 'sim:tokens=120,first=0,interval=1ms'
    const request = { model, messages: QUESTION, stream: true, stream_options: { include_usage: true } } as const
    const whole = await (await client.chat.completions.create(request)).completion()
    Object.assign(proxy, { how: 'reset', cutAfter: 6_000 })
    try {
      const broken = await (await client.chat.completions.create(request)).completion()
      assert.deepEqual({ ...broken, id: '', created: 0 }, { ...whole, id: '', created: 0 })
      assert.equal(broken.usage?.completion_tokens, 120)
    } finally {
      proxy.cutAfter = Infinity
    }
  })

  test('waits for a gateway that is away, and goes on when it is back', async () => {
    const model = 'sim:tokens=80,first=0,interval=5ms'
    const stream = await client.chat.completions.create({ model, messages: QUESTION, stream: true })
    let text = ''
    let pieces = 0
    for await (const piece of stream.text()) {
      text += piece
      if (++pieces !== 20) continue
      proxy.isDown = true
      proxy.cutNow()
      setTimeout(() => (proxy.isDown = false), 60)
    }
    assert.equal(text, expected(model))
    assert.ok(stream.metrics.reconnects >= 1)
  })

  test('gives up when the gateway stays away, with what had arrived', async () => {
    const impatient = new OpenAI({ baseURL: client.baseURL, apiKey: 'k', resume: { ...FAST, maxAttempts: 3 } })
    const stream = await impatient.chat.completions.create({
      model: 'sim:tokens=400,first=0,interval=5ms',
      messages: QUESTION,
      stream: true,
    })
    let text = ''
    await assert.rejects(
      async () => {
        for await (const piece of stream.text()) {
          text += piece
          if (proxy.isDown) continue
          proxy.isDown = true
          proxy.cutNow()
        }
      },
      (error) =>
        error instanceof StreamInterruptedError && error.partial.choices[0]?.message.content === text && text !== '',
    )
    proxy.isDown = false
  })

  test('does not resume when told not to', async () => {
    proxy.cutAfter = 4_000
    try {
      const stream = await client.chat.completions.create(
        { model: 'sim:tokens=300,first=0,interval=1ms', messages: QUESTION, stream: true },
        { resume: false },
      )
      await assert.rejects(() => stream.completion(), StreamTruncatedError)
    } finally {
      proxy.cutAfter = Infinity
    }
  })

  test('takes up a stream by its id from a cursor, from the start, and from now', async () => {
    const model = 'sim:tokens=60,first=0,interval=2ms'
    const first = await client.chat.completions.create({ model, messages: QUESTION, stream: true })
    const id = first.id ?? assert.fail('no id')
    let text = ''
    let cursor = ''
    for await (const piece of first.text()) {
      text += piece
      if (text.length < 60) continue
      cursor = first.cursor ?? ''
      break
    }
    // Leaving its own stream cancels it; one that is taken up by id is only left.
    const again = await client.streams.resume(id)
    const { choices } = await again.partial()
    assert.deepEqual(choices, [])
    let replayed = ''
    await assert.rejects(async () => {
      for await (const piece of again.text()) replayed += piece
    })
    assert.ok(replayed.startsWith(text) && expected(model).startsWith(replayed))
    const tail = await client.streams.resume(id, { after: cursor })
    let rest = ''
    await assert.rejects(async () => {
      for await (const piece of tail.text()) rest += piece
    })
    assert.equal(text + rest, replayed)
  })

  test('a second reader of a live stream gets all of it, and leaving it hurts nobody', async () => {
    const model = 'sim:tokens=60,first=0,interval=3ms'
    const stream = await client.chat.completions.create({ model, messages: QUESTION, stream: true })
    const second = await client.streams.resume(stream.id ?? '')
    for await (const _ of second.text()) break
    const third = await client.streams.resume(stream.id ?? '')
    const [whole, same] = await Promise.all([stream.completion(), third.completion()])
    assert.equal(whole.choices[0]?.message.content, expected(model))
    assert.equal(same.choices[0]?.message.content, expected(model))
  })

  test('lists, shows and cancels streams', async () => {
    const stream = await client.chat.completions.create({
      model: 'sim:tokens=2000,interval=5ms',
      messages: QUESTION,
      stream: true,
    })
    const id = stream.id ?? ''
    const open = await client.streams.list({ status: 'open' })
    assert.ok(open.some((entry) => entry.id === id && entry.status === 'open'))
    await client.streams.cancel(id)
    const ended = await client.streams.retrieve(id)
    assert.equal(ended.status, 'cancelled')
    assert.equal(ended.completion.object, 'chat.completion')
    await assert.rejects(() => stream.completion())
    await assert.rejects(async () => client.streams.retrieve(`st_${'0'.repeat(32)}`), { name: 'NotFoundError' })
  })

  for (const leave of ['break', 'throw', 'using', 'cancel', 'signal'] as const) {
    test(`leaving by ${leave} cancels the stream at the gateway at once`, async () => {
      const wish = new AbortController()
      const request = { model: 'sim:tokens=5000,first=0,interval=5ms', messages: QUESTION, stream: true } as const
      const stream = await client.chat.completions.create(request, { signal: wish.signal })
      const id = stream.id ?? ''
      if (leave === 'signal') {
        wish.abort()
      } else if (leave === 'using') {
        await using left = stream
        assert.equal(left.id, id)
      } else if (leave === 'cancel') {
        await stream.cancel()
      } else {
        await assert.rejects(async () => {
          for await (const _ of stream)
            if (leave === 'throw') throw new RangeError('enough')
            else break
          throw new RangeError('enough')
        }, RangeError)
      }
      for (let i = 0; i < 100; i++) {
        if ((await client.streams.retrieve(id)).status === 'cancelled') return
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      assert.fail('still open')
    })
  }
})

describe('resuming from any server that offers it', () => {
  /** Serves an answer in parts: each connection gets the events after its cursor, and is cut after `size` of them. */
  function inParts(
    events: readonly string[],
    size: number,
    how: Partial<{ repeat: number; status: (nth: number) => number }> = {},
  ): Answer {
    return (response, { headers }, nth) => {
      const status = how.status?.(nth) ?? 200
      if (status !== 200) return void response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
      const cursor = headers['last-event-id']
      const read = cursor === undefined ? -1 : Number(String(cursor).split(':')[1])
      const from = Math.max(0, read + 1 - (how.repeat ?? 0))
      response.writeHead(200, { ...EVENTS, 'x-stream-id': 'st_1', link: '</v1/streams/st_1>; rel="resume"' })
      response.write(
        events
          .slice(from, from + size)
          .map((data, i) => `id: st_1:${from + i}\ndata: ${data}\n\n`)
          .join(''),
      )
      if (from + size >= events.length) response.end()
      else setTimeout(() => response.destroy(), 5)
    }
  }

  const EVENTS_OF_ANSWER = answer('one ', 'two ', 'three ', 'four ', 'five')
    .split('\n\n')
    .filter((each) => each !== '')
    .map((each) => each.slice(6))

  async function readFrom(serve: Answer): Promise<readonly [string, number, readonly string[]]> {
    await using provider = await startProvider(serve)
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k', resume: FAST })
    const stream = await client.chat.completions.create(ASK)
    let text = ''
    for await (const piece of stream.text()) text += piece
    return [text, stream.metrics.reconnects, provider.requests.map(({ method, url }) => `${method} ${url}`)]
  }

  test('drops what is sent twice, by its offset', async () => {
    const [text, reconnects] = await readFrom(inParts(EVENTS_OF_ANSWER, 4, { repeat: 2 }))
    assert.equal(text, 'one two three four five')
    assert.ok(reconnects >= 2)
  })

  test('has as its cursor the last event that was read, however many have arrived', async () => {
    await using provider = await startProvider(inParts(EVENTS_OF_ANSWER, 99))
    const stream = await new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' }).chat.completions.create(ASK)
    assert.equal(stream.cursor, undefined)
    for await (const piece of stream.text()) if (piece === 'two ') break
    assert.equal(stream.cursor, 'st_1:2')
  })

  test('goes to the address that the server named', async () => {
    const [, , lines] = await readFrom(inParts(EVENTS_OF_ANSWER, 4))
    assert.deepEqual(lines, ['POST /v1/chat/completions', 'GET /v1/streams/st_1'])
  })

  test('tries again when the server refuses for now', async () => {
    const [text] = await readFrom(
      inParts(EVENTS_OF_ANSWER, 4, { status: (nth) => (nth === 1 ? 503 : nth === 2 ? 429 : 200) }),
    )
    assert.equal(text, 'one two three four five')
  })

  for (const status of [204, 404, 410, 401]) {
    test(`an answer of ${status} ends it, with what had arrived`, async () => {
      await assert.rejects(
        readFrom(inParts(EVENTS_OF_ANSWER, 4, { status: (nth) => (nth === 0 ? 200 : status) })),
        (error) => {
          assert.ok(error instanceof StreamTruncatedError)
          assert.equal(error.partial.choices[0]?.message.content, 'one two three ')
          return true
        },
      )
    })
  }

  test('a token that was refused in between is renewed, and the stream goes on', async () => {
    let issued = 0
    await using provider = await startProvider((response, seen, nth) => {
      if (seen.url === '/token') return void response.end(`{"access_token":"tok${++issued}"}`)
      const isGood = seen.method === 'POST' || seen.headers.authorization === 'Bearer tok2'
      if (isGood) return inParts(EVENTS_OF_ANSWER, 4)(response, seen, nth)
      response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":{"message":"expired"}}')
    })
    const { baseURL } = provider
    const client = new OpenAI({
      keyId: 'i',
      secret: 's',
      baseURL,
      tokenURL: baseURL.replace('/v1', '/token'),
      resume: FAST,
    })
    const { choices } = await (await client.chat.completions.create(ASK)).completion()
    assert.deepEqual([choices[0]?.message.content, issued], ['one two three four five', 2])
  })

  test('a clean end without a terminal counts as broken', async () => {
    const [text, reconnects] = await readFrom((response, seen, nth) => {
      if (nth > 0) return inParts(EVENTS_OF_ANSWER, 99)(response, seen, nth)
      response.writeHead(200, { ...EVENTS, 'x-stream-id': 'st_1', link: '</v1/streams/st_1>; rel="resume"' })
      response.end(`id: st_1:0\ndata: ${EVENTS_OF_ANSWER[0]}\n\n`)
    })
    assert.deepEqual([text, reconnects], ['one two three four five', 1])
  })

  test('a key is not sent to another server, whatever the link says', async () => {
    await using other = await startProvider((response) => void response.writeHead(200, EVENTS).end(answer('stolen')))
    await assert.rejects(
      readFrom((response) => {
        response.writeHead(200, {
          ...EVENTS,
          'x-stream-id': 'st_1',
          link: `<${other.baseURL}/streams/st_1>; rel="resume"`,
        })
        response.write(`id: st_1:0\ndata: ${chunk({ content: 'a' })}\n\n`)
        setTimeout(() => response.destroy(), 5)
      }),
      StreamInterruptedError,
    )
    assert.equal(other.requests.length, 0)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Official from 'openai'
import * as theirs from 'openai/helpers/zod'
import { ChatCompletionStream as TheirStream } from 'openai/lib/ChatCompletionStream'
import { z } from 'zod'
import {
  ChatCompletionStream,
  OpenAI,
  ParseError,
  tool,
  zodFunction,
  zodResponseFormat,
} from '../../src/client/index.ts'
import { answer, chunk, EVENTS, sse, startProvider, type Answer } from '../support/provider.ts'

type AnyClient = Pick<Official, 'chat'>
interface Helpers {
  readonly zodFunction: typeof theirs.zodFunction
  readonly zodResponseFormat: typeof theirs.zodResponseFormat
  readonly fromReadableStream: typeof TheirStream.fromReadableStream
}
/** Ours are drop-ins: that a program written for the official types runs is the point; types.ts has the rest. */
const OURS = {
  zodFunction,
  zodResponseFormat,
  fromReadableStream: (stream: ReadableStream<Uint8Array>) => ChatCompletionStream.fromReadableStream(stream),
} as unknown as Helpers
const THEIRS: Helpers = { ...theirs, fromReadableStream: (stream) => TheirStream.fromReadableStream(stream) }

/** The same program with both clients against the same server; gives what each made of it, and what was asked. */
async function withBoth<T>(
  serve: Answer,
  program: (client: AnyClient, helpers: Helpers) => Promise<T>,
): Promise<{ readonly official: T; readonly ours: T; readonly bodies: readonly [unknown[], unknown[]] }> {
  const results: T[] = []
  const bodies: unknown[][] = []
  for (const which of ['official', 'ours'] as const) {
    await using provider = await startProvider(serve)
    const options = { baseURL: provider.baseURL, apiKey: 'k', maxRetries: 0 }
    const client = which === 'official' ? new Official(options) : (new OpenAI(options) as unknown as AnyClient)
    results.push(await program(client, which === 'official' ? THEIRS : OURS))
    bodies.push(provider.requests.map(({ body }) => JSON.parse(body)))
  }
  const [official, ours] = results
  const [first, second] = bodies
  assert.ok(official !== undefined && ours !== undefined && first !== undefined && second !== undefined)
  return { official, ours, bodies: [first, second] }
}

/** Every event of a stream, in order, but for those whose moment differs: `chunk` is compared by its loop. */
const NAMES = [
  'content',
  'content.delta',
  'content.done',
  'refusal.delta',
  'refusal.done',
  'tool_calls.function.arguments.delta',
  'tool_calls.function.arguments.done',
  'logprobs.content.delta',
  'logprobs.content.done',
  'functionToolCall',
  'functionToolCallResult',
  'finalContent',
  'finalFunctionToolCall',
  'finalFunctionToolCallResult',
  'totalUsage',
  'error',
  'abort',
  'end',
] as const

interface Emitter {
  on(name: (typeof NAMES)[number], listener: (...args: unknown[]) => void): unknown
}

function record(emitter: unknown): unknown[][] {
  const seen: unknown[][] = []
  for (const name of NAMES) {
    ;(emitter as Emitter).on(name, (...args) => {
      const copies = args.map((each) =>
        each instanceof Error ? [each.constructor.name, each.message] : structuredClone(each),
      )
      seen.push([name, ...copies])
    })
  }
  return seen
}

const MESSAGES = [{ role: 'user' as const, content: 'Hi' }]
const calling = (...calls: readonly (readonly [id: string, name: string, args: readonly string[]])[]): string =>
  sse(
    chunk({ role: 'assistant', content: null }),
    ...calls.flatMap(([id, name, args], index) => [
      chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }),
      ...args.map((piece) => chunk({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ]),
    chunk({}, 'tool_calls'),
    '[DONE]',
  )
const serveAll =
  (...wires: readonly string[]): Answer =>
  (response, _seen, nth) =>
    void response.writeHead(200, EVENTS).end(wires[Math.min(nth, wires.length - 1)])

/** What is not in an official answer, and does no harm: the message's own fields are compared. */
function plain(completion: unknown): unknown {
  return JSON.parse(JSON.stringify(completion))
}

describe('the same program with the stream() of `openai` and of `sluice`', () => {
  test('hears the same of a text, to its finals', async () => {
    const { official, ours, bodies } = await withBoth(serveAll(answer('one ', 'two ', 'three')), async (client) => {
      const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
      const seen = record(stream)
      const chunks: unknown[] = []
      for await (const each of stream) chunks.push(plain(each))
      return {
        seen,
        chunks,
        content: await stream.finalContent(),
        usage: await stream.totalUsage(),
        ended: stream.ended,
      }
    })
    assert.deepEqual(ours, official)
    assert.ok(ours.seen.length > 6 && ours.chunks.length > 3)
    assert.deepEqual(bodies[1], bodies[0])
  })

  test('comes to the same completion and message', async () => {
    const { official, ours } = await withBoth(serveAll(answer('one ', 'two')), async (client) => {
      const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
      const messages: unknown[] = []
      stream.on('message', (message) => messages.push(plain(message)))
      const completion = await stream.finalChatCompletion()
      const { content, role } = await stream.finalMessage()
      return {
        completion: plain(completion),
        content,
        role,
        messages: messages.length,
        all: stream.allChatCompletions().length,
      }
    })
    assert.deepEqual(ours, official)
  })

  test('hears the same of a value that grows', async () => {
    const Trip = z.object({ cities: z.array(z.string()), days: z.number() })
    const wire = answer('{"cities":["Par', 'is","Ro', 'me"],"da', 'ys":3}')
    const { official, ours, bodies } = await withBoth(serveAll(wire), async (client, helpers) => {
      const stream = client.chat.completions.stream({
        model: 'm',
        messages: MESSAGES,
        response_format: helpers.zodResponseFormat(Trip, 'trip'),
      })
      const done: unknown[] = []
      const partial: unknown[] = []
      stream.on('content.done', (props) => done.push(structuredClone(props)))
      stream.on('content.delta', ({ parsed }) => partial.push(structuredClone(parsed)))
      const { choices } = await stream.finalChatCompletion()
      return { done, last: partial.at(-1), parsed: choices[0]?.message.parsed }
    })
    assert.deepEqual(ours, official)
    assert.deepEqual(ours.parsed, { cities: ['Paris', 'Rome'], days: 3 })
    const [theirBody, ourBody] = bodies.map(
      ([body]) => body as { response_format: { json_schema: { schema: object } } },
    )
    const withoutDialect = (schema: object): object =>
      Object.fromEntries(Object.entries(schema).filter(([name]) => name !== '$schema'))
    assert.deepEqual(
      ourBody?.response_format.json_schema.schema,
      withoutDialect(theirBody?.response_format.json_schema.schema ?? {}),
    )
  })

  test('hears the same of a tool call and its arguments', async () => {
    const wire = calling(['c1', 'weather', ['{"ci', 'ty":"Par', 'is"}']])
    const { official, ours } = await withBoth(serveAll(wire), async (client, helpers) => {
      const stream = client.chat.completions.stream({
        model: 'm',
        messages: MESSAGES,
        tools: [helpers.zodFunction({ name: 'weather', parameters: z.object({ city: z.string() }) })],
      })
      const seen = record(stream)
      const { choices } = await stream.finalChatCompletion()
      return { seen, calls: plain(choices[0]?.message.tool_calls) }
    })
    const names = (seen: unknown[][]): unknown[] => seen.map(([name]) => name)
    assert.deepEqual(names(ours.seen), names(official.seen))
    assert.deepEqual(ours.calls, official.calls)
    const done = (seen: unknown[][]): unknown => seen.find(([name]) => name === 'tool_calls.function.arguments.done')
    assert.deepEqual(done(ours.seen), done(official.seen))
  })

  test('hears the same refusal and log probabilities', async () => {
    const logprob = { token: 'a', bytes: [97], logprob: -1, top_logprobs: [] }
    const refusing = sse(
      chunk({ role: 'assistant', refusal: 'I ' }),
      chunk({ refusal: 'cannot' }),
      chunk({}, 'stop'),
      '[DONE]',
    )
    const probable = sse(
      chunk({ role: 'assistant', content: '' }),
      JSON.stringify({
        ...JSON.parse(chunk({ content: 'a' })),
        choices: [
          { index: 0, delta: { content: 'a' }, logprobs: { content: [logprob], refusal: null }, finish_reason: null },
        ],
      }),
      chunk({}, 'stop'),
      '[DONE]',
    )
    for (const wire of [refusing, probable]) {
      const { official, ours } = await withBoth(serveAll(wire), async (client) => {
        const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
        const seen = record(stream)
        await stream.done()
        return seen
      })
      assert.deepEqual(ours, official)
    }
  })

  test('fails, and is aborted, alike', async () => {
    const refuse: Answer = (response) => void response.writeHead(400).end('{"error":{"message":"No."}}')
    const hang: Answer = (response) =>
      void response.writeHead(200, EVENTS).write(sse(chunk({ role: 'assistant', content: 'a' })))
    for (const [serve, abort] of [
      [refuse, false],
      [hang, true],
    ] as const) {
      const { official, ours } = await withBoth(serve, async (client) => {
        const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
        const seen = record(stream)
        if (abort) stream.on('content', () => stream.abort())
        const failure = await stream.finalChatCompletion().then(
          () => 'none',
          (error: Error) => error.constructor.name,
        )
        return { seen, failure, errored: stream.errored, aborted: stream.aborted }
      })
      assert.deepEqual(ours, official)
      assert.notEqual(ours.failure, 'none')
    }
  })

  test('leaving its loop aborts the request', async () => {
    await using provider = await startProvider((response) => {
      response.writeHead(200, EVENTS).write(sse(chunk({ content: 'a' }), chunk({ content: 'b' })))
    })
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
    for await (const _ of stream) break
    await assert.rejects(stream.done(), OpenAI.APIUserAbortError)
    assert.equal(await provider.requests[0]?.closed, true)
  })

  test('lines of JSON become the same events again, in either direction', async () => {
    const { official, ours } = await withBoth(serveAll(answer('one ', 'two')), async (client, helpers) => {
      const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
      const again = helpers.fromReadableStream(stream.toReadableStream() as never)
      const seen = record(again)
      return { content: (await again.finalChatCompletion()).choices[0]?.message.content, seen }
    })
    assert.deepEqual(ours, official)
  })

  test('a cut stream fails with what had come', async () => {
    await using provider = await startProvider(
      (response) => void response.writeHead(200, EVENTS).end(sse(chunk({ role: 'assistant', content: 'half' }))),
    )
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const stream = client.chat.completions.stream({ model: 'm', messages: MESSAGES })
    await assert.rejects(
      stream.finalChatCompletion(),
      (error: unknown) =>
        error instanceof OpenAI.APIConnectionError &&
        Reflect.get(error, 'partial').choices[0].message.content === 'half',
    )
  })
})

describe('the same program with the runTools() of `openai` and of `sluice`', () => {
  const steps = serveAll(
    calling(['c1', 'add', ['{"a":1,', '"b":2}']], ['c2', 'add', ['{"a":3,"b":4}']]),
    answer('3 ', 'and 7'),
  )

  test('runs functions with parse, tells the same, and asks the same', async () => {
    const { official, ours, bodies } = await withBoth(steps, async (client) => {
      const runner = client.chat.completions.runTools({
        model: 'm',
        messages: MESSAGES,
        stream: true,
        tools: [
          {
            type: 'function',
            function: {
              name: 'add',
              description: 'Adds',
              parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
              parse: JSON.parse,
              function: ({ a, b }: { a: number; b: number }) => ({ sum: a + b }),
            },
          },
        ],
      })
      const seen = record(runner)
      return { content: await runner.finalContent(), roles: runner.messages.map(({ role }) => role), seen }
    })
    assert.deepEqual(ours.content, official.content)
    assert.deepEqual(ours.roles, official.roles)
    const names = (seen: unknown[][]): unknown[] => seen.filter(([name]) => !String(name).includes('.delta'))
    assert.deepEqual(names(ours.seen), names(official.seen))
    for (const [i, body] of (
      bodies[0] as { messages: { role: string; content: unknown }[]; tools: unknown }[]
    ).entries()) {
      const own = bodies[1][i] as typeof body
      assert.deepEqual(own.tools, body.tools)
      assert.deepEqual(
        own.messages.map(({ role, content }) => [role, content]),
        body.messages.map(({ role, content }) => [role, content]),
      )
    }
  })

  test('runs zodFunction, with checked arguments', async () => {
    const { official, ours } = await withBoth(steps, async (client, helpers) => {
      const parsed: unknown[] = []
      const runner = client.chat.completions
        .runTools({
          model: 'm',
          messages: MESSAGES,
          stream: true,
          tools: [
            helpers.zodFunction({
              name: 'add',
              parameters: z.object({ a: z.number(), b: z.number() }),
              function: ({ a, b }: { a: number; b: number }) => a + b,
            }),
          ],
        })
        .on('tool_calls.function.arguments.done', ({ parsed_arguments }) => parsed.push(parsed_arguments))
      await runner.done()
      const result = await runner.finalFunctionToolCallResult()
      return { parsed, result, call: await runner.finalFunctionToolCall(), content: await runner.finalContent() }
    })
    assert.deepEqual(plain(ours), plain(official))
    assert.equal(ours.result, '7')
  })

  test('ends with the error of a function that throws, and tells the model of wrong arguments', async () => {
    const serve = serveAll(calling(['c1', 'add', ['{"a":"x"}']]), calling(['c2', 'add', ['{"a":1}']]))
    const { official, ours } = await withBoth(serve, async (client, helpers) => {
      const runner = client.chat.completions.runTools({
        model: 'm',
        messages: MESSAGES,
        stream: true,
        tools: [
          helpers.zodFunction({
            name: 'add',
            parameters: z.object({ a: z.number() }),
            function: () => {
              throw new RangeError('no')
            },
          }),
        ],
      })
      runner.on('error', () => undefined)
      const failure = await runner.done().then(
        () => 'none',
        (error: Error) => error.message,
      )
      return { failure, roles: runner.messages.map(({ role }) => role) }
    })
    assert.match(ours.failure, /no/)
    assert.deepEqual(ours.roles, official.roles)
  })

  test('stops after the one tool that was asked for by name, and at the limit of completions', async () => {
    await using provider = await startProvider(serveAll(calling(['c1', 'f', ['{}']])))
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    let runs = 0
    const tools = [tool({ name: 'f', parameters: z.object({}), run: () => ++runs })]
    const forced = { type: 'function', function: { name: 'f' } } as const
    await client.chat.completions.runTools({ model: 'm', messages: MESSAGES, tools, tool_choice: forced }).done()
    assert.deepEqual([provider.requests.length, runs], [1, 1])
    await client.chat.completions.runTools({ model: 'm', messages: MESSAGES, tools }, { maxChatCompletions: 3 }).done()
    assert.equal(provider.requests.length, 4)
  })
})

describe('the same program with the parse() of `openai` and of `sluice`', () => {
  const Answer = z.object({ answer: z.string() })

  test('gets the same value and the same arguments', async () => {
    const whole: Answer = (response, { body }) => {
      const text = '{"answer":"42"}'
      if (JSON.parse(body).stream === true) return void response.writeHead(200, EVENTS).end(answer(text))
      const message = { role: 'assistant', content: text, refusal: null }
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1_700_000_000,
          model: 'gpt-4o-mini',
          choices: [{ index: 0, message, finish_reason: 'stop', logprobs: null }],
        }),
      )
    }
    const { official, ours } = await withBoth(whole, async (client, helpers) => {
      const completion = await client.chat.completions.parse({
        model: 'm',
        messages: MESSAGES,
        response_format: helpers.zodResponseFormat(Answer, 'answer'),
      })
      return { parsed: completion.choices[0]?.message.parsed, content: completion.choices[0]?.message.content }
    })
    assert.deepEqual(ours, official)
    assert.deepEqual(ours.parsed, { answer: '42' })
  })

  test('shows the value while it grows, for a mere schema', async () => {
    await using provider = await startProvider(serveAll(answer('{"ans', 'wer":"fo', 'rty', '-two"}')))
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const partial: (string | undefined)[] = []
    const call = client.chat.completions.parse({ model: 'm', messages: MESSAGES, response_format: Answer })
    for await (const event of call) if (event.type === 'partial') partial.push(event.partial?.answer)
    assert.deepEqual(partial, [undefined, 'fo', 'forty', 'forty-two'])
    assert.equal((await call).choices[0]?.message.parsed?.answer, 'forty-two')
    assert.equal(provider.requests.length, 1)
  })

  test('fails with the reason when there is no value, and gives null for a refusal', async () => {
    const wires = {
      not_json: answer('sorry'),
      invalid: answer('{"answer":4}'),
      length: sse(chunk({ role: 'assistant', content: '{"ans' }), chunk({}, 'length'), '[DONE]'),
    }
    for (const [reason, wire] of Object.entries(wires)) {
      await using provider = await startProvider(serveAll(wire))
      const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
      await assert.rejects(
        client.chat.completions.parse({ model: 'm', messages: MESSAGES, response_format: Answer }).final(),
        (error: unknown) => error instanceof ParseError && error.reason === reason,
      )
    }
    await using provider = await startProvider(
      serveAll(sse(chunk({ role: 'assistant', refusal: 'no' }), chunk({}, 'stop'), '[DONE]')),
    )
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const { choices } = await client.chat.completions.parse({ model: 'm', messages: MESSAGES, response_format: Answer })
    assert.deepEqual([choices[0]?.message.parsed, choices[0]?.message.refusal], [null, 'no'])
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { OpenAI } from 'openai'
import { z } from 'zod'
import type { ChatMessage } from '../../../src/completion/request.ts'
import { runTools, type ToolEvent } from '../../../src/client/tools/run-tools.ts'
import { tool } from '../../../src/client/tools/tool.ts'
import { answer, calls, chunk, ScriptedClient } from './support.ts'

const messages: readonly ChatMessage[] = [{ role: 'user', content: 'How is the weather?' }]
const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }

const weather = tool({
  name: 'weather',
  description: 'Weather of a city',
  parameters: z.object({ city: z.string().min(2) }),
  run: ({ city }) => ({ city, sky: 'clear' }),
})

async function events(run: AsyncIterable<ToolEvent>): Promise<readonly ToolEvent[]> {
  const all: ToolEvent[] = []
  for await (const event of run) all.push(event)
  return all
}

describe('runTools', () => {
  test('runs what the model asks for, tells it the result, and streams every step', async () => {
    const client = new ScriptedClient(
      calls([['c1', 'weather', '{"city":"Paris"}']], 'tool_calls', usage),
      answer('Clear.', usage),
    )
    const run = runTools(client, { model: 'm', messages, tools: [weather], temperature: 0 })
    const seen = await events(run)
    assert.deepEqual(
      seen.map(({ type }) => type).filter((type) => type !== 'chunk'),
      ['step', 'completion', 'tool_call', 'tool_result', 'step', 'text', 'text', 'completion'],
    )
    const result = await run.final()
    assert.equal(result.reason, 'answered')
    assert.equal(result.steps, 2)
    assert.equal(result.completion.choices[0]?.message.content, 'Clear.')
    assert.equal(result.usage?.total_tokens, 30)
    assert.deepEqual(result.messages.slice(1, 3), [
      {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: '{"city":"Paris","sky":"clear"}' },
    ])
    assert.deepEqual(client.requests[1]?.messages, result.messages.slice(0, 3))
    assert.equal(client.requests[0]?.temperature, 0)
    assert.equal(messages.length, 1)
  })

  test('says the tools as JSON Schema, strict where the schema allows it', async () => {
    const open = tool({ name: 'open', parameters: z.object({ note: z.string().optional() }), run: () => '' })
    const plain = tool({ name: 'plain', parameters: { type: 'object', properties: {} }, strict: false, run: () => '' })
    const client = new ScriptedClient(answer('ok'))
    await runTools(client, { model: 'm', messages, tools: [weather, open, plain] }).final()
    assert.deepEqual(client.requests[0]?.tools, [
      {
        type: 'function',
        function: {
          name: 'weather',
          description: 'Weather of a city',
          parameters: {
            type: 'object',
            properties: { city: { type: 'string', minLength: 2 } },
            required: ['city'],
            additionalProperties: false,
          },
          strict: true,
        },
      },
      {
        type: 'function',
        function: { name: 'open', parameters: { type: 'object', properties: { note: { type: 'string' } } } },
      },
      { type: 'function', function: { name: 'plain', parameters: { type: 'object', properties: {} } } },
    ])
  })

  test('runs the calls of a step at the same time, and answers in the order of the calls', async () => {
    const order: string[] = []
    const gates = new Map<string, () => void>()
    const slow = tool({
      name: 'slow',
      parameters: z.object({ id: z.string() }),
      run: async ({ id }) => {
        order.push(`start ${id}`)
        if (id === 'a') await new Promise<void>((resolve) => gates.set('a', resolve))
        else gates.get('a')?.()
        order.push(`end ${id}`)
        return id
      },
    })
    const script = [
      calls([
        ['1', 'slow', '{"id":"a"}'],
        ['2', 'slow', '{"id":"b"}'],
      ]),
      answer('done'),
    ] as const
    const client = new ScriptedClient(...script)
    const seen = await events(runTools(client, { model: 'm', messages, tools: [slow] }))
    assert.deepEqual(order, ['start a', 'start b', 'end b', 'end a'])
    assert.deepEqual(
      seen.flatMap((event) => (event.type === 'tool_result' ? [event.content] : [])),
      ['b', 'a'],
    )
    assert.deepEqual(
      client.requests[1]?.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : [])),
      ['a', 'b'],
    )
  })

  test('runs them one after the other when told', async () => {
    const order: string[] = []
    const each = tool({
      name: 'each',
      parameters: z.object({ id: z.string() }),
      run: async ({ id }) => {
        order.push(`start ${id}`)
        await Promise.resolve()
        order.push(`end ${id}`)
      },
    })
    const client = new ScriptedClient(
      calls([
        ['1', 'each', '{"id":"a"}'],
        ['2', 'each', '{"id":"b"}'],
      ]),
      answer('done'),
    )
    await runTools(client, { model: 'm', messages, tools: [each], parallel: false }).final()
    assert.deepEqual(order, ['start a', 'end a', 'start b', 'end b'])
  })

  test('tells the model what was wrong, and lets it try again', async () => {
    const failing = tool({
      name: 'failing',
      parameters: z.object({}),
      run: () => {
        throw new Error('the service is down')
      },
    })
    const client = new ScriptedClient(
      calls([
        ['1', 'weather', '{"city":"P"}'],
        ['2', 'weather', '{"city":'],
        ['3', 'nothing', '{}'],
        ['4', 'failing', ''],
      ]),
      answer('Sorry.'),
    )
    const result = await runTools(client, { model: 'm', messages, tools: [weather, failing] }).final()
    const told = result.messages.flatMap((message) => (message.role === 'tool' ? [message.content] : []))
    assert.match(JSON.stringify(told[0]), /^"Error: The arguments of weather are wrong: city: /)
    assert.equal(told[1], 'Error: The arguments of weather are not valid JSON')
    assert.equal(told[2], 'Error: There is no tool named nothing')
    assert.equal(told[3], 'Error: the service is down')
  })

  test("stops with the tool's error when told", async () => {
    const failure = new Error('down')
    const failing = tool({ name: 'failing', parameters: {}, run: () => Promise.reject(failure) })
    const client = new ScriptedClient(calls([['1', 'failing', '{}']]), answer('never'))
    const run = runTools(client, { model: 'm', messages, tools: [failing], onToolError: 'stop' })
    await assert.rejects(run.final(), failure)
    assert.equal(client.requests.length, 1)
  })

  test('stops after maxSteps, and runs no call that was cut off', async () => {
    const again = calls([['1', 'weather', '{"city":"Paris"}']])
    const endless = await runTools(new ScriptedClient(again, again, again), {
      model: 'm',
      messages,
      tools: [weather],
      maxSteps: 2,
    }).final()
    assert.deepEqual([endless.reason, endless.steps], ['max_steps', 2])
    let ran = 0
    const counting = tool({ name: 'weather', parameters: {}, run: () => void ran++ })
    const cut = await runTools(new ScriptedClient(calls([['1', 'weather', '{"city":"Pa']], 'length')), {
      model: 'm',
      messages,
      tools: [counting],
    }).final()
    assert.equal(cut.reason, 'cut_off')
    assert.equal(ran, 0)
  })

  test('a stream that is cut is never taken for an answer', async () => {
    const client = new ScriptedClient([chunk({ role: 'assistant', content: 'half an ans' })])
    await assert.rejects(runTools(client, { model: 'm', messages, tools: [] }).final(), {
      name: 'StreamTruncatedError',
    })
  })

  test('an abort reaches the tools that run, and ends the run', async () => {
    const controller = new AbortController()
    const reasons: unknown[] = []
    const waiting = tool({
      name: 'waiting',
      parameters: {},
      run: (_args, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason)
            resolve('late')
          })
          controller.abort('enough')
        }),
    })
    const client = new ScriptedClient(calls([['1', 'waiting', '{}']]), answer('never'))
    const run = runTools(client, { model: 'm', messages, tools: [waiting], signal: controller.signal })
    await assert.rejects(run.final(), { name: 'APIUserAbortError', cause: 'enough' })
    assert.deepEqual(reasons, ['enough'])
    assert.equal(client.requests.length, 1)
  })

  test('leaving the loop closes the stream and aborts the tools', async () => {
    const client = new ScriptedClient(answer('A long answer.'))
    const run = runTools(client, { model: 'm', messages, tools: [] })
    for await (const event of run) if (event.type === 'text') break
    assert.equal(client.closed, 1)
    await assert.rejects(run.final(), { name: 'APIUserAbortError' })

    let aborted = false
    const started = Promise.withResolvers<void>()
    const endless = tool({
      name: 'endless',
      parameters: {},
      run: (_args, { signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => (aborted = true))
          started.resolve()
        }),
    })
    const second = new ScriptedClient(calls([['1', 'endless', '{}']]))
    const iterator = runTools(second, { model: 'm', messages, tools: [endless] })[Symbol.asyncIterator]()
    for (let next = await iterator.next(); next.done !== true && next.value.type !== 'tool_call';)
      next = await iterator.next()
    const waiting = iterator.next()
    await started.promise
    await iterator.return?.()
    assert.equal((await waiting).done, true)
    assert.equal(aborted, true)
  })

  test('makes no request before it is read, or when it was aborted before', async () => {
    const client = new ScriptedClient(answer('x'))
    const run = runTools(client, { model: 'm', messages, tools: [] })
    run.abort('no')
    await assert.rejects(run.final(), { name: 'APIUserAbortError', cause: 'no' })
    await assert.rejects(runTools(client, { model: 'm', messages, tools: [], signal: AbortSignal.abort() }).final(), {
      name: 'APIUserAbortError',
    })
    assert.equal(client.requests.length, 0)
  })

  test('gives its events to one reader only', async () => {
    const run = runTools(new ScriptedClient(answer('x')), { model: 'm', messages, tools: [] })
    await run.final()
    assert.throws(() => run[Symbol.asyncIterator](), { name: 'OpenAIError' })
    assert.equal((await run.final()).reason, 'answered')
  })

  test("runs with OpenAI's own client over a recorded tool call", async () => {
    const recorded = await readFile(new URL('../../fixtures/provider-streams/alibaba-tool-call.sse', import.meta.url))
    const text = answer('18 °C')
      .map((each) => `data: ${JSON.stringify(each)}\n\n`)
      .join('')
    let requests = 0
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(requests++ === 0 ? recorded : `${text}data: [DONE]\n\n`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const client = new OpenAI({ apiKey: 'none', baseURL: `http://127.0.0.1:${port}/v1` })
      const places: string[] = []
      const lookup = tool({
        name: 'weather',
        parameters: z.object({ location: z.string() }),
        run: ({ location }) => {
          places.push(location)
          return '18 °C'
        },
      })
      const result = await runTools(client, { model: 'qwen3-max', messages, tools: [lookup] }).final()
      assert.deepEqual(places, ['San Francisco'])
      assert.equal(result.completion.choices[0]?.message.content, '18 °C')
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })

  test('types the arguments by the schema', () => {
    tool({
      name: 'typed',
      parameters: z.object({ count: z.number().default(1), name: z.string() }),
      run: ({ count, name }) => {
        const number: number = count
        // @ts-expect-error a string is no number
        const wrong: number = name
        return [number, wrong]
      },
    })
    tool({
      name: 'untyped',
      parameters: { type: 'object' },
      run: ({ city }) => {
        // @ts-expect-error a JSON Schema types nothing
        const wrong: string = city
        return wrong
      },
    })
  })
})

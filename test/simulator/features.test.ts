import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI from 'openai'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import { countTokens } from '../../src/simulator/text/tokenize.ts'
import { ask, chat, content, json as parsed, listen, textIn } from './raw.ts'
import type { Completion } from './raw.ts'

const QUICK = 'sim:tokens=40,first=0,interval=0'
const QUESTION = 'Explain the tides in detail'
const WHOLE = answerFor(chat(QUICK, QUESTION))

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

const json = async (more: object, model = QUICK, question = QUESTION): Promise<Completion> =>
  parsed(await ask(simulator, chat(model, question, { stream: false, ...more })))

describe('text', () => {
  test('is the same as a stream and as JSON, and is what answerFor says', async () => {
    assert.equal((await listen(simulator, chat(QUICK))).text, WHOLE)
    assert.equal((await json({})).choices[0].message.content, WHOLE)
  })

  test('ends before a stop string, found across token edges', async () => {
    const stop = WHOLE.slice(33, 47)
    const heard = await listen(simulator, chat(QUICK, QUESTION, { stop }))
    assert.equal(heard.text, WHOLE.slice(0, WHOLE.indexOf(stop)))
    assert.deepEqual(heard.finish, ['stop'])
  })

  test('ends before the earliest of four stop strings', async () => {
    const stop = ['never there', WHOLE.slice(60, 70), WHOLE.slice(20, 26), WHOLE.slice(40, 50)]
    assert.equal((await json({ stop })).choices[0].message.content, WHOLE.slice(0, WHOLE.indexOf(WHOLE.slice(20, 26))))
  })

  test('ends at max_tokens with finish_reason length', async () => {
    for (const key of ['max_tokens', 'max_completion_tokens']) {
      const answer = await json({ [key]: 7 })
      assert.equal(answer.usage.completion_tokens, 7)
      assert.equal(answer.choices[0].finish_reason, 'length')
      assert.ok(WHOLE.startsWith(answer.choices[0].message.content))
    }
    assert.equal((await json({ max_tokens: 40 })).choices[0].finish_reason, 'stop')
  })

  test('comes n times, interleaved, each choice with its own seed', async () => {
    const heard = await listen(simulator, chat(QUICK, QUESTION, { n: 3 }))
    const choices = heard.chunks.flatMap((chunk) => chunk.choices ?? [])
    for (const index of [0, 1, 2]) {
      const text = choices
        .filter((choice) => choice.index === index)
        .map((choice) => textIn(choice.delta?.content))
        .join('')
      assert.equal(text, answerFor(chat(`sim:tokens=40,seed=${index}`, QUESTION)))
    }
    assert.deepEqual(
      choices.slice(3, 9).map((choice) => choice.index),
      [0, 1, 2, 0, 1, 2],
    )
    assert.equal(choices.filter((choice) => choice.finish_reason === 'stop').length, 3)
  })

  test('is preceded by reasoning when asked for, by effort or by the model’s name', async () => {
    const named = await listen(simulator, chat(`${QUICK},reasoning=20`))
    assert.equal(countTokens(named.reasoning), 20)
    assert.equal(named.text, WHOLE)
    const effort = await json({ reasoning_effort: 'low' })
    assert.equal(effort.usage.completion_tokens_details.reasoning_tokens, 24)
    assert.equal(effort.usage.completion_tokens, 64)
    assert.equal((await json({ reasoning_effort: 'none' })).choices[0].message.reasoning_content, undefined)
  })

  test('counts reasoning towards max_tokens', async () => {
    const heard = await listen(simulator, chat(`${QUICK},reasoning=20`, QUESTION, { max_tokens: 15 }))
    assert.equal(heard.text, '')
    assert.deepEqual(heard.finish, ['length'])
  })
})

describe('logprobs', () => {
  test('come per token, with alternatives, bytes and descending probabilities', async () => {
    const heard = await listen(simulator, chat(QUICK, 'Почему небо голубое?', { logprobs: true, top_logprobs: 3 }))
    const entries = heard.chunks.flatMap((chunk) => chunk.choices?.[0]?.logprobs?.content ?? [])
    assert.equal(entries.length, 40)
    assert.equal(entries.map((entry) => entry.token).join(''), heard.text)
    for (const entry of entries) {
      assert.deepEqual(entry.bytes, [...Buffer.from(entry.token)])
      const [first, second, third, ...more] = entry.top_logprobs.map((one) => one.logprob)
      assert.deepEqual([first, more], [entry.logprob, []])
      assert.ok(first !== undefined && second !== undefined && third !== undefined)
      assert.ok(first <= 0 && first > second && second > third)
    }
  })

  test('are not there unless asked for', async () => {
    assert.equal((await json({})).choices[0].logprobs, null)
    assert.equal((await json({ logprobs: true })).choices[0].logprobs?.content.length, 40)
  })
})

describe('usage', () => {
  test('comes in a chunk of its own when asked for, and null before', async () => {
    const heard = await listen(simulator, chat(QUICK, QUESTION, { stream_options: { include_usage: true } }))
    const last = heard.chunks.at(-1)
    assert.deepEqual(last?.choices, [])
    assert.equal(last?.usage?.completion_tokens, 40)
    assert.ok(heard.chunks.slice(0, -1).every((chunk) => chunk.usage === null))
  })

  test('does not come unless asked for', async () => {
    const heard = await listen(simulator, chat(QUICK))
    assert.ok(heard.chunks.every((chunk) => !('usage' in chunk)))
  })

  test('sums n choices and counts the prompt', async () => {
    const { usage } = await json({ n: 3 })
    assert.equal(usage.completion_tokens, 120)
    assert.equal(usage.prompt_tokens, countTokens(QUESTION) + 4 + 3)
    assert.equal(usage.total_tokens, usage.prompt_tokens + 120)
  })
})

const tool = (name: string, description: string, properties: object): object => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties, required: Object.keys(properties) } },
})
const TOOLS = [
  tool('get_weather', 'Current weather at a place', {
    location: { type: 'string' },
    unit: { enum: ['celsius', 'fahrenheit'] },
  }),
  tool('searchFlights', 'Find flights between airports', {
    destination: { type: 'string' },
    passengers: { type: 'integer', minimum: 1, maximum: 9 },
  }),
]

describe('tools', () => {
  const calls = async (question: string, more: object = {}): Promise<[string, Record<string, unknown>][]> => {
    const { choices } = await json({ tools: TOOLS, ...more }, QUICK, question)
    assert.equal(choices[0].finish_reason, choices[0].message.tool_calls === undefined ? 'stop' : 'tool_calls')
    return (choices[0].message.tool_calls ?? []).map((call) => [
      call.function.name,
      JSON.parse(call.function.arguments),
    ])
  }

  test('are called in parallel, once per place the question names', async () => {
    assert.deepEqual(await calls('What is the weather in Paris and New York in celsius?'), [
      ['get_weather', { location: 'Paris', unit: 'celsius' }],
      ['get_weather', { location: 'New York', unit: 'celsius' }],
    ])
  })

  test('are called by the words of their names, descriptions and the question’s numbers', async () => {
    assert.deepEqual(await calls('Search flights to Lisbon for 3 people'), [
      ['searchFlights', { destination: 'Lisbon', passengers: 3 }],
    ])
    assert.equal((await calls('Какая погода в Москве?'))[0]?.[0], 'get_weather')
  })

  test('are left alone when the question calls for none, or tool_choice is none', async () => {
    assert.deepEqual(await calls('Tell me a story'), [])
    assert.deepEqual(await calls('Weather in Paris?', { tool_choice: 'none' }), [])
  })

  test('are called when required or named', async () => {
    assert.equal((await calls('Tell me a story', { tool_choice: 'required' })).length, 1)
    const choice = { type: 'function', function: { name: 'searchFlights' } }
    assert.equal((await calls('Tell me a story', { tool_choice: choice }))[0]?.[0], 'searchFlights')
  })

  test('are called once with parallel_tool_calls false', async () => {
    assert.equal((await calls('Weather in Paris and Rome?', { parallel_tool_calls: false })).length, 1)
  })

  test('stream their arguments in pieces, the name and id first', async () => {
    const heard = await listen(simulator, chat(QUICK, 'Weather in Paris and Rome?', { tools: TOOLS }))
    const deltas = heard.chunks.flatMap((chunk) => chunk.choices?.[0]?.delta?.tool_calls ?? [])
    const first = deltas.filter((delta) => delta.index === 0)
    assert.match(first[0]?.id ?? '', /^call_\w{24}$/)
    assert.equal(first[0]?.function?.name, 'get_weather')
    assert.ok(first.length > 4 && first.slice(1).every((delta) => delta.id === undefined))
    assert.equal(JSON.parse(first.map((delta) => delta.function?.arguments).join('')).location, 'Paris')
    assert.deepEqual(heard.finish, ['tool_calls'])
  })

  test('are answered with text once they have returned', async () => {
    const messages = [
      { role: 'user', content: 'Weather in Paris?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: '{"temperature":18,"sky":"clear"}' },
    ]
    const [choice] = (await json({ tools: TOOLS, messages })).choices
    assert.equal(choice.finish_reason, 'stop')
    const natural = answerFor({ model: 'default', messages, tools: TOOLS })
    assert.match(natural, /\*\*get_weather\*\*: temperature: 18, sky: clear/)
  })
})

describe('response_format', () => {
  test('json_object gives an object, whatever the length asked for', async () => {
    const answer = await json({ response_format: { type: 'json_object' } })
    const value = JSON.parse(answer.choices[0].message.content)
    assert.equal(value.simulated, true)
    assert.equal(value.points.length, 3)
  })

  test('json_schema streams an instance of the schema', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, rating: { type: 'integer', minimum: 1, maximum: 5 } },
      required: ['city', 'rating'],
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'place', schema } }
    const value = JSON.parse((await listen(simulator, chat(QUICK, 'Rate a hotel in Kyoto', { response_format }))).text)
    assert.equal(value.city, 'Kyoto')
    assert.ok(Number.isInteger(value.rating) && value.rating >= 1 && value.rating <= 5)
  })
})

describe('the openai client', () => {
  const client = (): OpenAI => new OpenAI({ baseURL: simulator.url, apiKey: 'sk-any', maxRetries: 0 })

  test('reads a stream, its tool calls and its usage', async () => {
    const runner = client().chat.completions.stream({
      model: QUICK,
      messages: [{ role: 'user', content: QUESTION }],
      stream_options: { include_usage: true },
    })
    assert.equal(await runner.finalContent(), WHOLE)
    assert.equal((await runner.totalUsage()).completion_tokens, 40)
  })

  test('lists models, gets one and makes embeddings', async () => {
    const models = await client().models.list()
    assert.equal(models.data[0]?.id, 'default')
    assert.equal((await client().models.retrieve('sim:tokens=5')).id, 'sim:tokens=5')
    const { data } = await client().embeddings.create({
      model: 'embed',
      input: ['the sea', 'the sea', 'a stone'],
      dimensions: 64,
    })
    assert.deepEqual(data[0]?.embedding, data[1]?.embedding)
    assert.notDeepEqual(data[0]?.embedding, data[2]?.embedding)
  })

  test('sees an error of the stream as an error', async () => {
    const stream = await client().chat.completions.create({
      model: `${QUICK},fault=error-object@3`,
      stream: true,
      messages: [{ role: 'user', content: QUESTION }],
    })
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError)
  })
})

describe('embeddings', () => {
  interface Embeddings<T> {
    readonly error: Completion['error']
    readonly data: readonly [{ readonly embedding: T }, ...{ readonly embedding: T }[]]
  }
  const embed = async <T = number[]>(body: object): Promise<Embeddings<T>> =>
    JSON.parse(content(await ask(simulator, { model: 'e', ...body }, { path: '/v1/embeddings' })).toString())
  const dot = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)

  test('are unit vectors, nearer to each other the more words are shared', async () => {
    const input = ['the tide rises at night', 'at night the tide rises slowly', 'a table of prices']
    const { data } = await embed({ input })
    const [a = [], b = [], c = []] = data.map((one) => one.embedding)
    assert.equal(a.length, 1536)
    assert.ok(Math.abs(dot(a, a) - 1) < 1e-5)
    assert.ok(dot(a, b) > 0.6 && dot(a, c) < 0.4)
  })

  test('are the same in base64', async () => {
    const floats = (await embed({ input: 'sea', dimensions: 8 })).data[0].embedding
    const coded = Buffer.from(
      (await embed<string>({ input: 'sea', dimensions: 8, encoding_format: 'base64' })).data[0].embedding,
      'base64',
    )
    assert.deepEqual(
      floats.map((_, at) => coded.readFloatLE(at * 4)),
      floats,
    )
  })

  test('take token ids, and refuse what OpenAI refuses', async () => {
    assert.equal((await embed({ input: [1, 2, 3], dimensions: 4 })).data.length, 1)
    for (const [body, param] of [
      [{ input: '' }, 'input'],
      [{}, 'input'],
      [{ input: ['a', 1] }, 'input.1'],
      [{ input: 'a', dimensions: 0 }, 'dimensions'],
    ] as const) {
      assert.equal((await embed(body)).error.param, param)
    }
  })
})

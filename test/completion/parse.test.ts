import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Accumulator } from '../../src/completion/accumulate.ts'
import { chunksOfBody, parseBody, parseEvent } from '../../src/completion/parse.ts'
import { fixture } from '../sse/read.ts'
import { chunkOf, parseChunk, parseData } from './answer.ts'

interface RecordedError {
  readonly name: string
  readonly status: number
  readonly body: {
    readonly error: {
      readonly message: string
      readonly type: string
      readonly code: string | null
      readonly param: string | null
    }
  }
}

const typeOf = (json: unknown, name?: string): string =>
  parseData(typeof json === 'string' ? json : JSON.stringify(json), name).type
const messageOf = (json: unknown, error?: string): string => {
  const data = typeof json === 'string' ? json : JSON.stringify(json)
  const parsed = parseEvent({ type: 'event', name: '', data, id: undefined, ...(error === undefined ? {} : { error }) })
  return parsed.type === 'error' ? parsed.message : `no error: ${parsed.type}`
}

describe('an event', () => {
  test('is [DONE] by its first characters, under any name', () => {
    for (const data of ['[DONE]', '[DONE] ', '[DONE]\n']) assert.deepEqual(parseData(data), { type: 'done' })
    assert.equal(typeOf('[DONE]', 'answer'), 'done')
    assert.equal(typeOf(' [DONE]'), 'malformed')
  })

  test('whose text says [DONE] is a chunk', () => {
    assert.equal(typeOf(chunkOf({ content: 'data: [DONE]\n\n' })), 'chunk')
  })

  test('without data is empty, with something else malformed', () => {
    assert.deepEqual(
      ['', ' ', '\n', '{', 'x', '"x"', '1', 'null', '[]', '{}', '{"choices":{}}', '[1]'].map((data) => typeOf(data)),
      ['empty', 'empty', 'empty', ...Array<string>(9).fill('malformed')],
    )
  })

  test('with a name of its own is passed on as it is, chunks excepted', () => {
    assert.deepEqual(parseData('{"a":1}', 'plan'), { type: 'event', name: 'plan', data: '{"a":1}' })
    assert.equal(typeOf('', 'plan'), 'event')
    assert.equal(typeOf(chunkOf({ content: 'a' }), 'completion'), 'chunk')
    assert.equal(typeOf({ error: { message: 'x' } }, 'plan'), 'event')
    assert.equal(typeOf({ error: { message: 'x' } }, 'message'), 'error')
  })

  test('keeps its data verbatim', () => {
    const data = `{ "choices" : [ { "index":0, "delta":{"role":"", "content":"\\u0041"} } ], "x":1.0 }`
    assert.equal(parseChunk(data).data, data)
  })

  test('says whether a reader would see something', () => {
    const visible = (delta: object): boolean => parseChunk(chunkOf(delta)).visible
    for (const delta of [
      { content: 'a' },
      { reasoning_content: 'a' },
      { reasoning: 'a' },
      { refusal: 'a' },
      { tool_calls: [{ index: 0 }] },
      { function_call: { name: 'f' } },
      { audio: { data: 'x' } },
      { content: [{ type: 'text', text: 'a' }] },
    ]) {
      assert.equal(visible(delta), true, JSON.stringify(delta))
    }
    for (const delta of [
      {},
      { role: 'assistant' },
      { content: '' },
      { content: null, reasoning: '' },
      { tool_calls: [] },
      { tool_calls: null },
      { content: [] },
      { token_id: 1 },
      { function_call: null },
    ]) {
      assert.equal(visible(delta), false, JSON.stringify(delta))
    }
  })

  test('brings usage unless that is null or {}', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    assert.deepEqual(parseChunk({ choices: [], usage }).usage, usage)
    assert.deepEqual(parseChunk({ usage }).usage, usage)
    assert.equal(parseChunk({ choices: [], usage: null }).usage, undefined)
    assert.equal(parseChunk({ choices: [], usage: {} }).usage, undefined)
  })
})

describe('a failure is found', () => {
  const all = {
    error: { message: 'top' },
    base_resp: { status_code: 1, status_msg: 'base' },
    x_groq: { error: 'groq' },
  }
  const ended = (fields: object): object => chunkOf({ content: 'a' }, { finish_reason: 'error' }, fields)

  test('in a fixed order: error line, error, base_resp, x_groq.error, finish_reason', () => {
    const { base_resp, x_groq } = all
    assert.equal(messageOf(ended(all), 'line'), 'line')
    assert.equal(messageOf(ended(all)), 'top')
    assert.equal(messageOf(ended({ base_resp, x_groq })), 'base')
    assert.equal(messageOf(ended({ x_groq })), 'groq')
    assert.equal(messageOf(ended({})), 'The provider ended its answer with an error')
    assert.equal(messageOf(chunkOf({ content: 'a' }, { finish_reason: 'stop' })), 'no error: chunk')
  })

  test('by the name error before its fields are looked at', () => {
    const parsed = parseData('{"message":"x","choices":[]}', 'error')
    assert.equal(parsed.type === 'error' && parsed.message, 'x')
    for (const [data, message] of [
      ['out of memory', 'out of memory'],
      ['', 'The provider reported an error without a message'],
      ['{}', 'The provider reported an error without a message'],
    ] as const) {
      const bare = parseData(data, 'error')
      assert.equal(bare.type === 'error' && bare.message, message)
    }
  })

  test('as text, object, list, and in the shapes of FastAPI and others', () => {
    for (const [json, message] of [
      [{ error: 'a' }, 'a'],
      [{ error: { message: 'a' } }, 'a'],
      [{ error: [{ message: 'a' }] }, 'a'],
      [[{ error: { message: 'a' } }], 'a'],
      [{ error: true }, 'The provider reported an error without a message'],
      [{ error: { code: 'x' } }, 'x'],
      [{ error: { message: { detail: 'a' } } }, 'a'],
      [{ detail: 'Not Found' }, 'Not Found'],
      [{ detail: [{ loc: ['body'], msg: 'a' }] }, '[{"loc":["body"],"msg":"a"}]'],
      [{ message: 'a' }, 'a'],
      [{ type: 'error', error: { type: 'overloaded_error', message: 'a' } }, 'a'],
    ] as const) {
      assert.equal(messageOf(json), message, JSON.stringify(json))
    }
  })

  test('not where nothing is said: null, "", false, {}, [] and a successful envelope', () => {
    for (const error of [null, '', false, {}, []])
      assert.equal(typeOf(chunkOf({ content: 'a' }, {}, { error })), 'chunk')
    assert.equal(typeOf({ code: 200, statusText: '', message: 'ok', data: {} }), 'malformed')
  })

  test('with a status only where one is named', () => {
    const status = (json: object): unknown => {
      const parsed = parseData(JSON.stringify(json))
      return parsed.type === 'error' ? parsed.status : 'no error'
    }
    const named = [
      { code: 429 },
      { code: '429' },
      { status: 429 },
      { status_code: 429 },
      { code: 200 },
      { code: 99 },
      { code: 600 },
      { code: 429.5 },
      { code: 'rate_limit' },
      {},
    ]
    assert.deepEqual(
      named.map((fields) => status({ error: { message: 'x', ...fields } })),
      [429, 429, 429, 429, ...Array<undefined>(6).fill(undefined)],
    )
  })

  const recorded: readonly RecordedError[] = JSON.parse(fixture('provider-error-bodies.json'))
  for (const { name, body } of recorded) {
    test(`in the recorded body ${name}`, () => {
      const data = JSON.stringify(body)
      const { message, type, code, param } = body.error
      assert.deepEqual(parseBody(data), [
        { type: 'error', message, providerType: type, providerCode: code, param, status: undefined, data },
      ])
    })
  }
})

describe('an index is a key, and is not believed', () => {
  test('a choice without one is the only one, or refused', () => {
    assert.equal(parseChunk('{"choices":[{"delta":{"content":"a"}}]}').chunk.choices[0]?.index, 0)
    assert.equal(typeOf({ choices: [{ delta: {} }, { delta: {} }] }), 'malformed')
  })

  test('n limits choices, and nonsense for n does not', () => {
    const parse = (index: unknown, n: number | undefined): string =>
      parseEvent({ type: 'event', name: '', data: JSON.stringify(chunkOf({}, { index })), id: undefined }, { n }).type
    assert.deepEqual(
      [
        parse(0, 1),
        parse(1, 1),
        parse(1, 2),
        parse(127, undefined),
        parse(127, 0),
        parse(127, 1.5),
        parse(127, 9e9),
        parse(128, 9e9),
      ],
      ['chunk', 'malformed', 'chunk', 'chunk', 'chunk', 'chunk', 'chunk', 'malformed'],
    )
  })

  test('what has no choices, deltas or calls of the right kind is refused, with the reason', () => {
    const reason = (json: object): string => {
      const parsed = parseData(JSON.stringify(json))
      return parsed.type === 'malformed' ? parsed.reason : parsed.type
    }
    assert.equal(reason({ choices: [null] }), 'a choice is not an object')
    assert.equal(reason(chunkOf('a')), 'a delta is not an object')
    assert.equal(reason(chunkOf({ tool_calls: {} })), 'tool_calls is not a list')
    assert.equal(reason(chunkOf({ tool_calls: ['a'] })), 'a tool call is not an object')
    assert.equal(reason(chunkOf({ tool_calls: [{ index: 'x'.repeat(1_000) }] })).length < 100, true)
  })
})

describe('a body', () => {
  test('of HTML, words or nothing', () => {
    assert.deepEqual(parseBody('<!doctype html><h1>502</h1>'), [
      { type: 'malformed', data: '<!doctype html><h1>502</h1>', reason: 'HTML' },
    ])
    assert.deepEqual(parseBody('upstream connect error'), [
      { type: 'malformed', data: 'upstream connect error', reason: 'not JSON' },
    ])
    assert.deepEqual(parseBody(' \n'), [{ type: 'empty' }])
    assert.equal(parseBody('{"choices":[{"index":0}]}')[0]?.type, 'chunk')
    assert.equal(parseBody('{"choices":[1]}')[0]?.type, 'malformed')
    assert.equal(parseBody('{"object":"list","data":[]}')[0]?.type, 'malformed')
  })

  test('of an event stream starts with one of its fields, after a BOM and blank lines', () => {
    for (const start of [
      'data: [DONE]\n\n',
      '\uFEFFdata: [DONE]\n\n',
      '\n\nevent: answer\ndata: [DONE]',
      ': hb\ndata: [DONE]',
      'id: 1\ndata: [DONE]',
      'retry: 1\ndata: [DONE]',
    ]) {
      assert.deepEqual(parseBody(start), [{ type: 'done' }], start)
    }
    assert.deepEqual(
      parseBody('error: {"message":"x"}').map(({ type }) => type),
      ['error'],
    )
  })

  test('of a single chunk, or of the older text completion', () => {
    assert.deepEqual(
      chunksOfBody(JSON.stringify(chunkOf({ content: 'a' }))).map(({ type }) => type),
      ['chunk', 'done'],
    )
    const [first] = chunksOfBody('{"choices":[{"text":"a","finish_reason":"stop"}]}')
    assert.equal(first?.type === 'chunk' && first.chunk.choices[0]?.delta.content, 'a')
  })

  test('of choices without index has them in their order', () => {
    const message = (content: string): object => ({ message: { role: 'assistant', content }, finish_reason: 'stop' })
    const accumulator = new Accumulator()
    for (const one of parseBody(JSON.stringify({ choices: [message('a'), message('b')] })))
      if (one.type === 'chunk') accumulator.add(one.chunk)
    assert.deepEqual(
      accumulator.completion().choices.map(({ index, message: { content } }) => [index, content]),
      [
        [0, 'a'],
        [1, 'b'],
      ],
    )
  })
})

describe('nothing that comes makes them throw', () => {
  const words = fc.constantFrom(
    'index',
    'delta',
    'choices',
    'content',
    'type',
    'text',
    'thinking',
    'tool_calls',
    'function',
    'custom',
    'arguments',
    'input',
    'name',
    'id',
    'role',
    'error',
    'message',
    'detail',
    'code',
    'finish_reason',
    'logprobs',
    'refusal',
    'audio',
    'function_call',
    'usage',
    'x_groq',
    'base_resp',
    'status_code',
    '__proto__',
    'constructor',
    'toString',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 7, withCrossShrink: true },
      fc.constantFrom(null, true, 0, 1, 127, -1, 0.5, '', 'a', 'error', 'function'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(words, tie('tree'), { maxKeys: 5 }),
    ),
  }))
  const chunkLike = fc.tuple(
    fc.dictionary(words, tree),
    fc.array(fc.tuple(fc.dictionary(words, tree), fc.dictionary(words, tree))),
  )
  const data = fc.oneof(
    tree.map((json) => JSON.stringify(json)),
    fc.string(),
    chunkLike.map(([top, choices]) =>
      JSON.stringify({
        ...top,
        error: undefined,
        base_resp: undefined,
        choices: choices.map(([choice, delta]) => ({
          ...choice,
          index: 0,
          delta: { ...delta, tool_calls: undefined },
        })),
      }),
    ),
    chunkLike.map(([, choices]) =>
      JSON.stringify({
        choices: choices.map(([choice, call]) => ({
          ...choice,
          index: 0,
          delta: { tool_calls: [{ ...call, index: 0 }] },
        })),
      }),
    ),
  )

  test('any JSON in any place: events, bodies and the accumulator', () => {
    let chunks = 0
    fc.assert(
      fc.property(data, fc.constantFrom('', 'error', 'answer', 'x'), (text, name) => {
        const parsed = parseData(text, name)
        for (const one of [parsed, ...parseBody(text)]) {
          if (one.type !== 'chunk') continue
          chunks++
          const accumulator = new Accumulator()
          accumulator.add(one.chunk)
          accumulator.add(one.chunk)
          JSON.stringify([accumulator.completion(), accumulator.flaw ?? null, accumulator.finished])
        }
      }),
      { numRuns: 2_000 },
    )
    assert.ok(chunks > 400, `${chunks} chunks among them`)
    assert.deepEqual(Object.keys(Object.prototype), [])
  })
})

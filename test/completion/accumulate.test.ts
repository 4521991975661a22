import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Accumulator } from '../../src/completion/accumulate.ts'
import { parseBody } from '../../src/completion/parse.ts'
import { completionToChunks } from '../../src/completion/whole.ts'
import { accumulate, chunkOf, parseChunk } from './answer.ts'
import { anyChunks } from './any-chunk.ts'

const add = (...chunks: readonly object[]): Accumulator => {
  const accumulator = new Accumulator()
  for (const chunk of chunks) accumulator.add(parseChunk(chunk).chunk)
  return accumulator
}

describe('the accumulator', () => {
  test('is finished when every choice that was started has ended', () => {
    const accumulator = new Accumulator()
    const states = [
      chunkOf({ content: 'a' }),
      chunkOf({ content: 'b' }, { index: 1 }),
      chunkOf({}, { finish_reason: 'stop' }),
      chunkOf({}, { index: 1, finish_reason: 'length' }),
    ].map((chunk) => {
      accumulator.add(parseChunk(chunk).chunk)
      return accumulator.finished
    })
    assert.deepEqual([new Accumulator().finished, ...states], [false, false, false, false, true])
  })

  test('gives text and reasoning of the first choice as they grow', () => {
    const accumulator = add(
      chunkOf({ reasoning: 'x' }),
      chunkOf({ content: 'a' }),
      chunkOf({ content: 'b' }),
      chunkOf({ content: 'c' }, { index: 1 }),
    )
    assert.deepEqual([accumulator.text, accumulator.reasoning], ['ab', 'x'])
    assert.deepEqual([new Accumulator().text, new Accumulator().reasoning], ['', ''])
  })

  test('gives a completion that later chunks do not change', () => {
    const accumulator = add(
      chunkOf(
        { content: 'a', token_ids: [1], tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '1' } }] },
        { logprobs: { content: [{ token: 'a' }], refusal: null } },
        { x: { a: 1 } },
      ),
    )
    const before = accumulator.completion()
    const copy = structuredClone(before)
    accumulator.add(
      parseChunk(
        chunkOf(
          { content: 'b', token_ids: [2], tool_calls: [{ index: 0, function: { arguments: '2' } }] },
          { logprobs: { content: [{ token: 'b' }], refusal: null }, y: 1 },
          { x: { b: 2 } },
        ),
      ).chunk,
    )
    assert.deepEqual(before, copy)
    assert.deepEqual(Reflect.get(accumulator.completion().choices[0]?.message ?? {}, 'token_ids'), [1, 2])
  })

  test('joins log probabilities of content and refusal', () => {
    const token = (text: string): object => ({ token: text, bytes: null, logprob: -1, top_logprobs: [] })
    const logprobs = (content: unknown, refusal: unknown): object => ({ logprobs: { content, refusal } })
    const { choices } = accumulate([
      chunkOf({ content: 'a' }, logprobs([token('a')], null)),
      chunkOf({ content: 'b' }, { logprobs: null }),
      chunkOf({}, logprobs([token('b')], [token('c')])),
    ])
    assert.deepEqual(choices[0]?.logprobs, { content: [token('a'), token('b')], refusal: [token('c')] })
  })

  test('keeps a function_call of the old kind', () => {
    const message = accumulate([
      chunkOf({ function_call: { name: 'f', arguments: '' } }),
      chunkOf({ function_call: { arguments: '{' } }),
      chunkOf({ function_call: { arguments: '}' } }),
    ]).choices[0]?.message
    assert.deepEqual(message?.function_call, { name: 'f', arguments: '{}' })
  })

  test('drops obfuscation, keeps fingerprint and tier, and lets null, empty text and {} replace nothing', () => {
    const completion = accumulate([
      chunkOf(
        { content: 'a' },
        {},
        { system_fingerprint: 'fp', service_tier: 'default', obfuscation: 'x', meta: { a: 1 }, tags: ['t'] },
      ),
      chunkOf(
        {},
        { finish_reason: 'stop' },
        { system_fingerprint: null, service_tier: null, obfuscation: 'y', meta: {}, tags: [], note: '' },
      ),
    ])
    const { id: _id, object: _object, created: _created, model: _model, choices: _choices, ...others } = completion
    assert.deepEqual(others, { system_fingerprint: 'fp', service_tier: 'default', meta: { a: 1 }, tags: ['t'] })
  })

  test('takes chunks straight from JSON, and leaves out what cannot be taken', () => {
    const accumulator = new Accumulator()
    for (const json of [
      '{"choices":[{"index":0,"delta":{"role":"","content":[{"type":"text","text":"a"}]}}]}',
      '{"choices":[{"index":"__proto__","delta":{"content":"b"}}]}',
      '{}',
      'null',
      '[]',
      '"x"',
      '7',
    ]) {
      accumulator.add(JSON.parse(json))
    }
    assert.deepEqual(
      accumulator.completion().choices.map(({ message }) => message.content),
      ['a'],
    )
  })

  test('follows no __proto__ of a field that it joins', () => {
    const forged = '{"choices":[],"meta":{"__proto__":{"forged":1},"a":1}}'
    for (const times of [1, 2]) {
      const meta: unknown = Reflect.get(accumulate(Array<string>(times).fill(forged)), 'meta')
      assert.deepEqual(meta, { a: 1 })
      assert.equal(typeof meta === 'object' && meta !== null && 'forged' in meta, false)
    }
  })

  test('gives tool calls without an id one that is the same whenever it is asked', () => {
    const accumulator = add(chunkOf({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }))
    const ids = [1, 2].map(() => accumulator.completion().choices[0]?.message.tool_calls?.[0]?.id)
    assert.deepEqual(ids, ['call_chatcmpl-1_0_0', 'call_chatcmpl-1_0_0'])
  })

  test('says what keeps a stream from being an answer', () => {
    const end = { finish_reason: 'stop' }
    const flaws: readonly (readonly [readonly object[], object | undefined])[] = [
      [[], { kind: 'no_choice', choice: -1 }],
      [[chunkOf({ content: 'a' })], { kind: 'missing_finish_reason', choice: 0 }],
      [
        [chunkOf({ content: 'a' }, end), chunkOf({ content: 'b' }, { index: 3 })],
        { kind: 'missing_finish_reason', choice: 3 },
      ],
      [[chunkOf({}, end)], { kind: 'missing_role', choice: 0 }],
      [[chunkOf({ role: 'user', content: 'a' }, end)], { kind: 'wrong_role', choice: 0 }],
      [[chunkOf({ tool_calls: [{ index: 0, id: 'a' }] }, end)], { kind: 'incomplete_tool_call', choice: 0 }],
      [[chunkOf({ content: 'a' }, end)], undefined],
      [[chunkOf({ role: 'assistant' }, end)], undefined],
    ]
    for (const [chunks, flaw] of flaws) assert.deepEqual(add(...chunks).flaw, flaw)
  })

  test('costs by the byte: 20,000 pieces of arguments, of text, with logprobs, in unknown lists, and 20,000 calls', () => {
    const before = process.cpuUsage()
    const accumulator = new Accumulator()
    for (let i = 0; i < 20_000; i++) {
      const logprobs = { content: [{ token: 'a' }], refusal: null }
      accumulator.add(
        JSON.parse(
          JSON.stringify(
            chunkOf(
              {
                content: 'word ',
                token_ids: [i],
                tool_calls: [{ index: 0, function: { arguments: '{"a":"bcdefg"}' } }],
              },
              { logprobs },
            ),
          ),
        ),
      )
      accumulator.add(
        JSON.parse(
          JSON.stringify(
            chunkOf({ tool_calls: [{ id: `c${i}`, function: { name: 'f', arguments: '{}' } }] }, { index: 1 }),
          ),
        ),
      )
    }
    const completion = accumulator.completion()
    assert.equal(completion.choices[0]?.message.content?.length, 100_000)
    assert.equal(completion.choices[0]?.logprobs?.content?.length, 20_000)
    assert.equal(completion.choices[1]?.message.tool_calls?.length, 20_000)
    const { user } = process.cpuUsage(before)
    // A square would be minutes; this is a fraction of a second.
    assert.ok(user / 1_000 < 4_000, `${user / 1_000} ms`)
  })
})

describe('a completion as chunks', () => {
  const completion = {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Hi',
          refusal: null,
          reasoning_content: 'Hm',
          annotations: [{ type: 'url_citation' }],
        },
        finish_reason: 'stop',
        logprobs: { content: [{ token: 'Hi', bytes: null, logprob: -1, top_logprobs: [] }], refusal: null },
        native_finish_reason: 'end',
      },
      {
        index: 1,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            {
              id: 'a',
              type: 'function',
              function: { name: 'f', arguments: '{}' },
              extra_content: { google: { thought_signature: 's' } },
            },
            { id: 'b', type: 'custom', custom: { name: 'c', input: 'x' } },
          ],
        },
        finish_reason: 'tool_calls',
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    service_tier: 'default',
    system_fingerprint: 'fp',
  }

  test('is the message, then the end, for each choice, then usage', () => {
    const parsed = parseBody(JSON.stringify(completion))
    assert.deepEqual(
      parsed.map((one) =>
        one.type === 'chunk' ? { visible: one.visible, finished: one.finished, bare: one.bare } : one.type,
      ),
      [
        { visible: true, finished: false, bare: false },
        { visible: false, finished: true, bare: false },
        { visible: true, finished: false, bare: false },
        { visible: false, finished: true, bare: false },
        { visible: false, finished: false, bare: true },
        'done',
      ],
    )
  })

  test('adds up to the completion again', () => {
    const chunks = parseBody(JSON.stringify(completion)).flatMap((one) => (one.type === 'chunk' ? [one.data] : []))
    assert.deepEqual(accumulate(chunks), completion)
  })

  test('adds up again for whatever can be accumulated', () => {
    fc.assert(
      fc.property(anyChunks, (datas) => {
        const whole = accumulate(datas)
        assert.deepEqual(accumulate(completionToChunks(whole)), whole)
      }),
      { numRuns: 500 },
    )
  })
})

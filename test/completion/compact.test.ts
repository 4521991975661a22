import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compact } from '../../src/completion/compact.ts'
import { recordedStreams } from '../support/recorded.ts'
import { accumulate, chunkOf } from './answer.ts'
import { anyChunks } from './any-chunk.ts'

const place = (datas: readonly (string | object)[], first = 0): { data: string; offset: number }[] =>
  datas.map((data, i) => ({ data: typeof data === 'string' ? data : JSON.stringify(data), offset: first + i }))
/** What came out: each chunk's first delta with its offset, or the text where it is no chunk. */
const shown = (datas: readonly (string | object)[]): unknown[] =>
  compact(place(datas)).map(({ data, offset }) => [
    offset,
    data.startsWith('{') ? (JSON.parse(data).choices?.[0]?.delta ?? 'no delta') : data,
  ])

const call = (fields: object, args: string): object =>
  chunkOf({ tool_calls: [{ index: 0, ...fields, function: { arguments: args } }] })

describe('compact merges', () => {
  for (const field of ['content', 'reasoning_content', 'reasoning', 'refusal']) {
    test(`adjacent deltas of ${field} into one with the last offset`, () => {
      assert.deepEqual(shown([chunkOf({ [field]: 'a' }), chunkOf({ [field]: 'b' }), chunkOf({ [field]: 'c' })]), [
        [2, { [field]: 'abc' }],
      ])
    })
  }

  test('what stays equal, unknown fields and empty companions too', () => {
    const chunks = ['a', 'b'].map((text) =>
      chunkOf(
        { role: 'assistant', content: null, reasoning_content: text },
        { logprobs: null, seed: 7 },
        { usage: null, provider: { name: 'x' } },
      ),
    )
    const [merged] = compact(place(chunks))
    assert.deepEqual(
      JSON.parse(merged?.data ?? ''),
      chunkOf(
        { role: 'assistant', content: null, reasoning_content: 'ab' },
        { logprobs: null, seed: 7 },
        { usage: null, provider: { name: 'x' } },
      ),
    )
  })

  test('across the order of fields, the padding, and the second', () => {
    const datas = [
      '{"choices":[{"index":0,"delta":{"content":"a"}}],"created":1,"obfuscation":"xx"}',
      '{"created":2,"choices":[{"delta":{"content":"b"},"index":0}]}',
    ]
    assert.deepEqual(compact(place(datas)), [
      { offset: 1, data: '{"choices":[{"index":0,"delta":{"content":"ab"}}],"created":1}' },
    ])
  })

  test('the arguments of one tool call', () => {
    assert.deepEqual(shown([call({ id: 'a', type: 'function' }, ''), call({}, '{"a'), call({}, '":1}')]), [
      [0, { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { arguments: '' } }] }],
      [2, { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] }],
    ])
  })

  test('the input of one custom tool', () => {
    const piece = (input: string): object => chunkOf({ tool_calls: [{ index: 0, custom: { input } }] })
    assert.deepEqual(shown([piece('a'), piece('b')]), [[1, { tool_calls: [{ index: 0, custom: { input: 'ab' } }] }]])
  })

  test('up to 64 K characters into one chunk', () => {
    const half = 'x'.repeat(32 * 1024)
    assert.equal(
      compact(place([chunkOf({ content: half }), chunkOf({ content: half }), chunkOf({ content: 'y' })])).length,
      2,
    )
  })
})

describe('compact leaves apart', () => {
  const a = chunkOf({ content: 'a' })
  const apart: readonly (readonly [title: string, datas: readonly (string | object)[]])[] = [
    ['choices', [a, chunkOf({ content: 'b' }, { index: 1 })]],
    ['fields', [a, chunkOf({ reasoning_content: 'b' })]],
    ['names of one field', [chunkOf({ reasoning: 'a' }), chunkOf({ reasoning_content: 'b' })]],
    ['tool calls', [call({}, '1'), call({ index: 1 }, '2')]],
    ['the first piece of a call from the rest', [call({ id: 'a' }, '1'), call({}, '2')]],
    [
      'calls that only their names begin',
      [0, 1].map(() => chunkOf({ tool_calls: [{ function: { name: 'f', arguments: '{}' } }] })),
    ],
    ['a delta with two texts', [0, 1].map(() => chunkOf({ content: 'a', reasoning: 'b' }))],
    [
      'a delta with text and a tool call',
      [0, 1].map(() => chunkOf({ content: 'a', tool_calls: [{ index: 0, function: { arguments: 'b' } }] })),
    ],
    [
      'deltas with two tool calls',
      [0, 1].map(() => chunkOf({ tool_calls: [0, 1].map((index) => ({ index, function: { arguments: 'b' } })) })),
    ],
    [
      'chunks with two choices',
      [0, 1].map(() => ({ choices: [0, 1].map((index) => ({ index, delta: { content: 'a' } })) })),
    ],
    [
      'finish_reason',
      [a, chunkOf({ content: 'b' }, { finish_reason: 'stop' }), chunkOf({ content: 'c' }, { finish_reason: 'stop' })],
    ],
    ['usage', [0, 1].map(() => chunkOf({ content: 'a' }, {}, { usage: { total_tokens: 1 } }))],
    ['usage in the choice', [0, 1].map(() => chunkOf({ content: 'a' }, { usage: { total_tokens: 1 } }))],
    ['logprobs', [0, 1].map(() => chunkOf({ content: 'a' }, { logprobs: { content: [], refusal: null } }))],
    ['errors', [0, 1].map(() => chunkOf({ content: 'a' }, {}, { error: { message: 'x' } }))],
    [
      'unknown fields of the delta that differ',
      [chunkOf({ content: 'a', token_id: 1 }), chunkOf({ content: 'b', token_id: 2 })],
    ],
    [
      'unknown fields of the choice that differ',
      [chunkOf({ content: 'a' }, { x: 1 }), chunkOf({ content: 'b' }, { x: 2 })],
    ],
    [
      'unknown fields at the top that differ',
      [chunkOf({ content: 'a' }, {}, { x: [1] }), chunkOf({ content: 'b' }, {}, { x: [2] })],
    ],
    ['an unknown field that one has', [a, chunkOf({ content: 'b' }, {}, { x: null })]],
    ['lists in deltas, even equal ones', [0, 1].map(() => chunkOf({ content: 'a', token_ids: [1] }))],
    ['audio', [0, 1].map(() => chunkOf({ content: 'a', audio: { data: 'x' } }))],
    ['content as a list', [0, 1].map(() => chunkOf({ content: [{ type: 'text', text: 'a' }] }))],
    ['what is no chunk', ['[DONE]', '[DONE]', 'x', '{}', '{"choices":[]}', '{"choices":[null]}', 'null']],
  ]
  for (const [title, datas] of apart) {
    test(title, () => assert.deepEqual(compact(place(datas)), place(datas)))
  }

  test('what is nested too deep to be compared', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const datas = [0, 1].map(() => `{"x":${deep},"choices":[{"index":0,"delta":{"content":"a"}}]}`)
    assert.deepEqual(compact(place(datas)), place(datas))
  })
})

describe('the law of compact', () => {
  const holds = (datas: readonly string[]): void => {
    const before = place(datas, 5)
    const after = compact(before)
    assert.deepEqual(accumulate(after.map(({ data }) => data)), accumulate(datas))
    const offsets = before.map(({ offset }) => offset)
    assert.ok(after.every(({ offset }) => offsets.includes(offset)))
    assert.deepEqual(
      after.map(({ offset }) => offset),
      after.map(({ offset }) => offset).toSorted((a, b) => a - b),
    )
    assert.equal(new Set(after.map(({ offset }) => offset)).size, after.length)
    assert.equal(after.at(-1)?.offset, before.at(-1)?.offset)
  }

  test('accumulating the compact chunks gives the same completion, and offsets are a part of the old ones with the same end', () => {
    fc.assert(fc.property(anyChunks, holds), { numRuns: 1_000 })
  })

  test('it merges something in the cases above, or the law would say nothing', () => {
    let merged = 0
    fc.assert(
      fc.property(anyChunks, (datas) => {
        if (compact(place(datas)).length < datas.length) merged++
      }),
      { numRuns: 300 },
    )
    assert.ok(merged > 100, `${merged} of 300`)
  })

  for (const { name, data } of recordedStreams()) {
    test(`${name}: the recorded stream`, () => {
      const chunks = data.filter((one) => one !== '[DONE]')
      holds(chunks)
    })
  }

  test('a stream of one text becomes a handful of chunks', () => {
    for (const { name, data } of recordedStreams()) {
      if (['openai-text', 'deepseek-text', 'groq-text', 'alibaba-reasoning'].includes(name))
        assert.ok(compact(place(data)).length <= 7, name)
    }
  })
})

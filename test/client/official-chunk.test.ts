import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { officialChunk } from '../../src/client/official.ts'
import { parseEvent } from '../../src/completion/parse.ts'
import { recordedStreams } from '../support/recorded.ts'

/** Whether it was taken; what is taken must be what the whole parser makes of it, field order included. */
function check(data: string): boolean {
  const taken = officialChunk(data)
  if (taken === undefined) return false
  const { text: _hint, ...parsed } = {
    text: undefined,
    ...parseEvent({ type: 'event', name: '', data, id: undefined }),
  }
  assert.equal(JSON.stringify(taken), JSON.stringify(parsed), data)
  return true
}

const odd = fc.constantFrom<unknown[]>(
  null,
  '',
  0,
  1,
  -1,
  1.5,
  128,
  'error',
  'stop',
  true,
  false,
  [],
  {},
  [1],
  [{}],
  ['x'],
)
const call = fc.record(
  { index: odd, id: odd, function: fc.oneof(odd, fc.record({ arguments: odd })) },
  { requiredKeys: [] },
)
const delta = fc.record(
  {
    role: fc.oneof(odd, fc.constant('assistant')),
    content: fc.oneof(odd, fc.string()),
    reasoning_content: odd,
    refusal: odd,
    audio: odd,
    function_call: odd,
    tool_calls: fc.oneof(odd, fc.array(call, { maxLength: 2 })),
  },
  { requiredKeys: [] },
)
const choice = fc.record(
  {
    index: fc.oneof(fc.nat(2), odd),
    delta: fc.oneof({ weight: 6, arbitrary: delta }, odd),
    finish_reason: fc.oneof(fc.constant(null), odd),
    usage: odd,
  },
  { requiredKeys: [] },
)
const chunk = fc.record(
  {
    id: fc.oneof(fc.string(), odd),
    object: fc.oneof({ weight: 8, arbitrary: fc.constant('chat.completion.chunk') }, odd),
    created: fc.oneof(fc.nat(), odd),
    model: fc.oneof(fc.string(), odd),
    choices: fc.oneof(
      { weight: 8, arbitrary: fc.array(fc.oneof({ weight: 8, arbitrary: choice }, odd), { maxLength: 2 }) },
      odd,
    ),
    usage: fc.oneof(odd, fc.record({ prompt_tokens: fc.nat(), total_tokens: fc.nat() })),
    error: fc.oneof(fc.constant(undefined), odd),
    base_resp: fc.oneof(fc.constant(undefined), odd),
    x_groq: fc.oneof(fc.constant(undefined), odd),
  },
  { requiredKeys: [] },
)

describe('chunks as OpenAI sends them', () => {
  test('are what the whole parser makes of them, for anything that looks like a chunk', (t) => {
    let taken = 0
    const good = fc.tuple(chunk, delta).map(([json, each]) => ({
      ...json,
      id: 'a',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: each, finish_reason: null }],
    }))
    fc.assert(
      fc.property(fc.oneof(chunk, good), (json) => {
        if (check(JSON.stringify(json))) taken++
      }),
      // One in fifty is taken.
      { numRuns: 12_000 },
    )
    t.diagnostic(`${taken} taken`)
    assert.ok(taken > 100)
  })

  for (const { name, data } of recordedStreams()) {
    test(`are what the whole parser makes of them: ${name}`, (t) => {
      const taken = data.filter(check).length
      t.diagnostic(`${taken} of ${data.length} taken`)
      if (name.startsWith('openai') && !name.includes('completion-text')) assert.ok(taken >= data.length - 1)
    })
  }
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ChunkTemplate } from '../../src/client/chunk-template.ts'
import { Received } from '../../src/client/received.ts'
import { parseEvent } from '../../src/completion/parse.ts'
import { recordedStreams } from '../support/recorded.ts'
import { chunk } from '../support/provider.ts'

/** Compares what is made with what parsing gives, for each of a sequence; gives how many were made. */
async function compare(sequence: readonly string[]): Promise<number> {
  const template = new ChunkTemplate()
  const [made, parsed] = [new Received(), new Received()]
  let count = 0
  for (const [place, data] of sequence.entries()) {
    const truth = parseEvent({ type: 'event', name: '', data, id: undefined })
    const quick = template.make(data)
    if (quick !== undefined) {
      count++
      assert.ok(truth.type === 'chunk', `made a chunk of ${data}`)
      // As text: the order of fields is part of it.
      assert.equal(JSON.stringify(quick.chunk), JSON.stringify(truth.chunk))
      assert.equal(truth.visible, quick.call !== undefined || quick.text !== '')
      assert.deepEqual([truth.finished, truth.bare, truth.usage], [false, false, undefined])
      made.more(place, quick.call, quick.text)
      // Nothing that the caller does to its chunk shows in the next one.
      Object.assign(quick.chunk, { id: 'changed' })
      Object.assign(quick.chunk.choices[0] ?? {}, { index: 9 })
      Object.assign(quick.chunk.choices[0]?.delta ?? {}, { role: 'changed' })
    } else if (truth.type === 'chunk') {
      if (!truth.finished) template.learn(data, truth.chunk)
      made.chunk(place, truth.chunk, JSON.stringify(truth.chunk))
    } else made.other(place)
    if (truth.type === 'chunk') parsed.chunk(place, truth.chunk, JSON.stringify(truth.chunk))
    else parsed.other(place)
  }
  assert.deepEqual(await made.completion(), await parsed.completion())
  return count
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '{', '}', '"obfuscation":"', '"content":"', '"arguments":"', '👍', '\u0000'),
  }),
)
const delta = fc.oneof(
  { weight: 6, arbitrary: fc.record({ content: text }) },
  { weight: 1, arbitrary: fc.record({ role: fc.constant('assistant'), content: text }) },
  { weight: 5, arbitrary: text.map((part) => ({ tool_calls: [{ index: 0, function: { arguments: part } }] })) },
  {
    weight: 1,
    arbitrary: text.map((part) => ({
      tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'g', arguments: part } }],
    })),
  },
  {
    weight: 1,
    arbitrary: text.map((part) => ({ content: 'x', tool_calls: [{ index: 0, function: { arguments: part } }] })),
  },
  { weight: 1, arbitrary: text.map((reasoning) => ({ content: '', reasoning })) },
)
const more = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ usage: { total_tokens: 1 } }) },
  { weight: 1, arbitrary: fc.constant({ own: { deep: [1] } }) },
)
const anyChunk = fc
  .record({
    delta,
    more,
    padding: fc.option(fc.stringMatching(/^[A-Za-z0-9]{0,8}$/)),
    spaced: fc.constantFrom(false, false, false, true),
  })
  .map(({ delta: each, more: beside, padding, spaced }) => {
    const json = chunk(each, null, beside)
    const data = padding === null ? json : `${json.slice(0, -1)},"obfuscation":"${padding}"}`
    return spaced ? data.replaceAll('":', '": ') : data
  })

describe('chunks that are made instead of parsed', () => {
  test('are what parsing gives, for chunks of any kind in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChunk, { minLength: 2, maxLength: 14 }), async (sequence) => {
        await compare(sequence)
      }),
      { numRuns: 3000 },
    )
  })

  test('are what parsing gives, also when bytes of a chunk were changed, lost or doubled', async () => {
    const mutation = fc.record({ at: fc.nat(400), length: fc.nat(12), insert: fc.oneof(text, fc.constant('')) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyChunk, fc.option(mutation)), { minLength: 2, maxLength: 8 }),
        async (pairs) => {
          await compare(
            pairs.flatMap(([data, change]) => {
              if (change === null) return [data]
              const at = change.at % data.length
              // The chunk unharmed comes first, so that its shape is known.
              return [data, data.slice(0, at) + change.insert + data.slice(at + change.length)]
            }),
          )
        },
      ),
      { numRuns: 4000 },
    )
  })

  for (const { name, data } of recordedStreams()) {
    test(`are what parsing gives: ${name}`, async (t) => t.diagnostic(`${await compare(data)} of ${data.length} made`))
  }

  test('are nearly all chunks of a text and of a tool call', async () => {
    const words = Array.from({ length: 100 }, (_, i) => chunk({ content: `word ${i} "q"` }))
    const parts = Array.from({ length: 100 }, (_, i) =>
      chunk({ tool_calls: [{ index: 0, function: { arguments: `{"n":${i}}` } }] }),
    )
    assert.equal(await compare([...words, ...parts]), 198)
  })
})

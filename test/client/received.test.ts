import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Received } from '../../src/client/received.ts'
import { Accumulator } from '../../src/completion/accumulate.ts'
import type { ChatCompletionChunk } from '../../src/completion/chunk.ts'
import { parseEvent } from '../../src/completion/parse.ts'
import { recordedStreams } from '../support/recorded.ts'
import { chunk } from '../support/provider.ts'

function chunksOf(data: readonly string[]): readonly ChatCompletionChunk[] {
  return data.flatMap((each) => {
    const parsed = parseEvent({ type: 'event', name: '', data: each, id: undefined })
    return parsed.type === 'chunk' ? [parsed.chunk] : []
  })
}

function folded(data: readonly string[]): unknown {
  const accumulator = new Accumulator()
  for (const each of chunksOf(data)) accumulator.add(each)
  return accumulator.completion()
}

async function received(data: readonly string[]): Promise<unknown> {
  const all = new Received()
  chunksOf(data).forEach((each, place) => all.chunk(place, each, JSON.stringify(each)))
  return all.completion()
}

/** Deltas that bring text, arguments, both, other things, at one or another place. */
const delta = fc.oneof(
  fc.record({ content: fc.string() }),
  fc.record({ content: fc.constant(null), role: fc.constant('assistant') }),
  fc.record({
    tool_calls: fc.array(fc.record({ index: fc.nat(2), function: fc.record({ arguments: fc.string() }) }), {
      maxLength: 2,
    }),
  }),
  fc.record({
    tool_calls: fc.constantFrom(
      [{ index: 0, id: 'a', function: { name: 'f', arguments: '' } }],
      [{ index: 1, id: 'b', function: { name: 'g' } }],
      [{ function: { arguments: 'x' } }],
    ),
  }),
  fc.record({ content: fc.string(), reasoning: fc.string() }),
  fc.record({ content: fc.string(), annotations: fc.constant([{ type: 'url_citation' }]) }),
)

describe('what a stream keeps of its chunks', () => {
  for (const { name, data } of recordedStreams()) {
    test(`is what folding each of them gives: ${name}`, async () =>
      assert.deepEqual(await received(data), folded(data)))
  }

  test('is what folding each of them gives, for chunks of any kind in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(delta, fc.option(fc.constant({ usage: { total_tokens: 1 } }), { freq: 8 })), {
          maxLength: 20,
        }),
        async (deltas) => {
          const data = deltas.map(([each, more]) => chunk(each, null, more ?? {}))
          assert.deepEqual(await received(data), folded(data))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('is the same when two readers tell of it', async () => {
    const chunks = chunksOf([
      chunk({ role: 'assistant', content: 'a' }),
      chunk({ content: 'b' }),
      chunk({ content: 'c' }),
    ])
    const all = new Received()
    for (const [place, each] of chunks.entries()) all.chunk(place, each, JSON.stringify(each))
    for (const [place, each] of chunks.entries()) all.chunk(place, each, JSON.stringify(each))
    assert.equal((await all.completion()).choices[0]?.message.content, 'abc')
  })

  test('does not change with what the reader does to its chunks', async () => {
    const json = chunk({
      tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
    })
    const [each] = chunksOf([json])
    assert.ok(each !== undefined)
    const all = new Received()
    all.chunk(0, each, json)
    Object.assign(each.choices[0]?.delta ?? {}, { tool_calls: [] })
    assert.equal((await all.completion()).choices[0]?.message.tool_calls?.length, 1)
  })

  test('is folded in between when it is much, and nothing is lost or counted twice', async () => {
    const data = Array.from({ length: 2_000 }, (_, i) => chunk({ content: `${i} `, reasoning: `r${i} ` }))
    const all = new Received()
    for (const [place, each] of chunksOf(data).entries()) {
      all.chunk(place, each, data[place] ?? '')
      if (place % 300 === 0) await all.folded()
    }
    assert.deepEqual(await all.completion(), folded(data))
  })
})

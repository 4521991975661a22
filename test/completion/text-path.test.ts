import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { END, ChunkReader, ofChunk } from '../../src/client/chunk-reader.ts'
import type { EventSource } from '../../src/client/event-source.ts'
import { Later } from '../../src/client/later.ts'
import { Received } from '../../src/client/received.ts'
import { TextPath } from '../../src/completion/text-path.ts'
import { recordedStreams } from '../support/recorded.ts'
import { chunk } from '../support/provider.ts'

/** A source that nobody reads from. */
function deafSource(): EventSource {
  return {
    read: async () => undefined,
    finish: () => undefined,
    tokenSeen: () => undefined,
    close: () => undefined,
    abandon: () => undefined,
    received: new Received(),
    response: new Response(),
    id: undefined,
    repairs: { reconnects: 0, rescues: 0 },
  }
}

/** What a reader makes of a sequence of data; each either text, nothing, the end or an error. */
async function readings(sequence: readonly string[], how: 'parsed' | 'fast'): Promise<readonly string[]> {
  const reader = new ChunkReader(deafSource(), () => 0)
  const results: string[] = []
  for (const data of sequence) {
    const event = { type: 'event', name: '', data, id: undefined } as const
    const take = (): ReturnType<ChunkReader['takeText']> =>
      how === 'fast'
        ? reader.takeText(event)
        : ofChunk(reader.take(event), ({ choices }) => choices.find(({ index }) => index === 0)?.delta.content ?? '')
    try {
      let taken = take()
      while (taken instanceof Later) {
        await taken.ready()
        taken = take()
      }
      results.push(taken === END ? '<end>' : (taken ?? ''))
    } catch (error) {
      results.push(`<${String(error)}>`)
    }
  }
  return results
}

before(async () => {
  // What makes it fast is loaded by an answer of some length.
  await readings(
    Array.from({ length: 9 }, () => chunk({ content: 'a' })),
    'fast',
  )
  await import('../../src/client/chunk-template.ts')
  await setImmediate()
})

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('"', '\\', '\n', '\u2028', '{', '}', ':', 'content', '👍', 'é', '"content":"', '\u0000'),
  }),
)

/** A chunk in JSON, with most of the things that providers put into one. */
const anyChunk = fc
  .record({
    content: anyText,
    padding: fc.option(fc.stringMatching(/^[A-Za-z0-9]{0,8}$/)),
    index: fc.constantFrom(0, 0, 0, 0, 1),
    finish: fc.constantFrom(null, null, null, null, 'stop', ''),
    reasoning: fc.option(fc.string(), { freq: 12 }),
    role: fc.boolean(),
    space: fc.constantFrom(0, 0, 0, 1),
    usage: fc.option(fc.constant({ total_tokens: 1 }), { freq: 12 }),
  })
  .map(({ content, padding, index, finish, reasoning, role, space, usage }) => {
    const delta = { ...(role ? { role: 'assistant' } : {}), content, ...(reasoning === null ? {} : { reasoning }) }
    const choice = { index, delta, logprobs: null, finish_reason: finish }
    const json = {
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [choice],
      usage,
      ...(padding === null ? {} : { obfuscation: padding }),
    }
    const text = JSON.stringify(json)
    return space === 1 ? text.replaceAll('":', '": ') : text
  })

describe('the text of chunks without parsing them', () => {
  test('is what parsing gives, for chunks of every kind in any order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChunk, { minLength: 2, maxLength: 12 }), async (sequence) => {
        assert.deepEqual(await readings(sequence, 'fast'), await readings(sequence, 'parsed'))
      }),
      { numRuns: 2000 },
    )
  })

  test('is what parsing gives, also when bytes of a chunk were changed, lost or doubled', async () => {
    const mutation = fc.record({ at: fc.nat(400), length: fc.nat(12), insert: fc.oneof(anyText, fc.constant('')) })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyChunk, fc.option(mutation)), { minLength: 2, maxLength: 8 }),
        async (pairs) => {
          const sequence = pairs.flatMap(([data, change]) => {
            if (change === null) return [data]
            const at = change.at % data.length
            // The chunk unharmed comes first, so that its shape is known.
            return [data, data.slice(0, at) + change.insert + data.slice(at + change.length)]
          })
          assert.deepEqual(await readings(sequence, 'fast'), await readings(sequence, 'parsed'))
        },
      ),
      { numRuns: 4000 },
    )
  })

  for (const { name, data } of recordedStreams()) {
    test(`is what parsing gives: ${name}`, async () =>
      assert.deepEqual(await readings(data, 'fast'), await readings(data, 'parsed')))
  }

  test('is found for nearly all chunks of an answer, with and without padding', () => {
    for (const more of ['', ',"obfuscation":"']) {
      const path = new TextPath()
      let found = 0
      for (let i = 0; i < 100; i++) {
        const plain = chunk({ content: `word ${i} "q"` })
        const data = more === '' ? plain : `${plain.slice(0, -1)}${more}${'x'.repeat(i % 8)}"}`
        if (path.take(data) === `word ${i} "q"`) found++
        else path.learn(data)
      }
      assert.equal(found, 99)
    }
  })

  test('costs little where no two chunks are alike: shapes are then learned only now and then', () => {
    const path = new TextPath()
    let parses = 0
    const parse = JSON.parse
    JSON.parse = (...args) => {
      parses++
      return parse(...args)
    }
    try {
      for (let i = 0; i < 1_000; i++) {
        const data = chunk({ content: 'x' }, null, { created: i, system_fingerprint: String(i) })
        if (path.take(data) === undefined) path.learn(data)
      }
    } finally {
      JSON.parse = parse
    }
    assert.ok(parses < 60, `${parses} parses`)
  })
})

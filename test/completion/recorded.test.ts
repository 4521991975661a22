import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { fixture } from '../sse/read.ts'
import { anySplit, inPieces } from '../sse/splits.ts'
import { readAnswer, type Answer } from './answer.ts'

interface Recording {
  readonly file: string
  readonly bytes: number
  readonly expected: {
    readonly choices: readonly {
      readonly index: number
      readonly content: string
      readonly reasoning: string | null
      readonly refusal: string | null
      readonly tool_calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
      readonly finish_reason: string
    }[]
    readonly usage: object | null
    readonly model: string
    readonly ids: readonly string[]
    readonly data_events: number
  }
}

const recordings: readonly Recording[] = JSON.parse(fixture('provider-streams/manifest.json'))

/** An answer in the manifest's words. */
function inWords({ completion, chunks }: Answer): Recording['expected'] {
  return {
    choices: completion.choices.map(({ index, message, finish_reason }) => ({
      index,
      content: message.content ?? '',
      reasoning: message.reasoning_content ?? null,
      refusal: message.refusal,
      tool_calls: (message.tool_calls ?? []).map((call) =>
        call.type === 'function' ? { id: call.id, ...call.function } : { id: call.id, name: '', arguments: '' },
      ),
      finish_reason: finish_reason ?? 'none',
    })),
    usage: completion.usage ?? null,
    model: completion.model,
    ids: [completion.id],
    data_events: chunks.length,
  }
}

describe('the recorded streams of eight providers', () => {
  test('all 17 are there', () => assert.equal(recordings.length, 17))

  for (const { file, bytes: length, expected } of recordings) {
    const bytes = new Uint8Array(readFileSync(new URL(`../fixtures/provider-streams/${file}`, import.meta.url)))
    const { choices, ...rest } = expected
    const wanted = {
      ...rest,
      choices: choices.map(({ index, content, reasoning, refusal, tool_calls, finish_reason }) => ({
        index,
        content,
        reasoning,
        refusal,
        tool_calls,
        finish_reason,
      })),
    }

    test(`${file}: text, reasoning, tool calls, finish_reason and usage, whole and in pieces of 1, 7, 1448 and 64 K`, () => {
      assert.equal(bytes.length, length)
      for (const size of [length, 1, 7, 1_448, 65_536]) {
        const answer = readAnswer(inPieces(bytes, size))
        assert.deepEqual(inWords(answer), wanted)
        assert.equal(answer.problem, undefined)
        assert.equal(answer.parsed.at(-1)?.type, 'done')
      }
    })

    test(`${file}: in any pieces, and every chunk's data verbatim`, () => {
      const datas = new TextDecoder()
        .decode(bytes)
        .split('\n\n')
        .map((block) => block.slice('data: '.length))
      fc.assert(
        fc.property(anySplit(bytes), (reads) => {
          const answer = readAnswer(reads)
          assert.deepEqual(inWords(answer), wanted)
          assert.deepEqual(
            answer.chunks.map(({ data }) => data),
            datas.slice(0, answer.chunks.length),
          )
        }),
        { numRuns: 15 },
      )
    })
  }
})

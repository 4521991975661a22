import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { ShapeName, Simulator } from '../../src/simulator/index.ts'
import { SHAPE_NAMES } from '../../src/simulator/wire/shape-name.ts'
import { ask, chat, content, hear } from './raw.ts'
import type { Chunk, Heard } from './raw.ts'

const TEXT = answerFor(chat('sim:tokens=9'))
const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: '',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
]

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

async function bytes(shape: ShapeName, more: object = {}, options = ''): Promise<Buffer> {
  const body = chat(`sim:tokens=9,first=0,interval=0,shape=${shape}${options}`, 'Explain the tides in detail', more)
  return content(await ask(simulator, body))
}

const heard = async (shape: ShapeName, more?: object, options?: string): Promise<Heard> =>
  hear(await bytes(shape, more, options))
const tools = (shape: ShapeName): Promise<Heard> =>
  heard(shape, { tools: TOOLS, messages: [{ role: 'user', content: 'Weather in Paris and Rome?' }] })
const called = (stream: Heard): NonNullable<NonNullable<NonNullable<Chunk['choices']>[0]['delta']>['tool_calls']> =>
  stream.chunks.flatMap((chunk) => chunk.choices?.[0]?.delta?.tool_calls ?? [])

for (const shape of SHAPE_NAMES) {
  test(`${shape} carries the same text and ends with a finish_reason`, async () => {
    const stream = await heard(shape)
    assert.equal(stream.text, TEXT)
    assert.deepEqual(stream.finish, ['stop'])
    assert.equal(stream.done, !['minimax', 'llamacpp'].includes(shape), 'llama.cpp’s last event has no blank line')
  })

  test(`${shape} carries two whole tool calls`, async () => {
    const parts = called(await tools(shape))
    const texts = parts.map((part) => part.function?.arguments ?? '').join('')
    assert.equal(texts, '{"city":"Paris"}{"city":"Rome"}')
    assert.equal(new Set(parts.flatMap((part) => part.id ?? [])).size, 2)
  })
}

describe('what is peculiar to a provider', () => {
  test('azure: an empty first chunk with filter results, CRLF, and a choice without a delta', async () => {
    const raw = (await bytes('azure')).toString()
    assert.ok(raw.includes('\r\n\r\n') && !raw.replaceAll('\r\n', '').includes('\n'))
    const { chunks } = hear(Buffer.from(raw))
    assert.deepEqual(chunks[0]?.choices, [])
    assert.equal(chunks[0]?.id, '')
    assert.ok(chunks.some((chunk) => chunk.choices?.[0] !== undefined && chunk.choices[0].delta === undefined))
  })

  test('deepseek: comments, reasoning_content, usage with the finish_reason, empty lines before JSON', async () => {
    const stream = await heard('deepseek', {}, ',reasoning=4')
    assert.deepEqual(stream.comments, ['keep-alive'])
    assert.ok(stream.reasoning.length > 4)
    assert.equal(stream.chunks.at(-1)?.usage?.completion_tokens, 13)
    assert.ok('prompt_cache_hit_tokens' in (stream.chunks.at(-1)?.usage ?? {}))
    assert.match((await bytes('deepseek', { stream: false })).toString(), /^\n\n\{/)
  })

  test('mistral: thinking as content parts, whole calls without an index', async () => {
    const stream = await heard('mistral', {}, ',reasoning=4')
    const parts = stream.chunks.map((chunk) => chunk.choices?.[0]?.delta?.content).filter((part) => Array.isArray(part))
    assert.equal(parts.length, 4)
    assert.equal(parts[0]?.[0]?.type, 'thinking')
    assert.deepEqual(
      called(await tools('mistral')).map((part) => part.index),
      [undefined, undefined],
    )
  })

  test('gemini: calls without an index, finish_reason stop for them, CRLF, usage in every chunk', async () => {
    const stream = await tools('gemini')
    assert.deepEqual(
      called(stream).map((part) => part.index),
      [undefined, undefined],
    )
    assert.deepEqual(stream.finish, ['stop'])
    assert.equal(stream.usage.length, stream.chunks.length)
    assert.ok((await bytes('gemini')).includes('\r\n\r\n'))
  })

  test('ollama and openrouter: the role in every delta; groq, vllm and they: reasoning', async () => {
    for (const shape of ['ollama', 'openrouter'] as const) {
      const stream = await heard(shape)
      assert.ok(
        stream.chunks
          .filter((chunk) => chunk.choices?.[0]?.delta?.content)
          .every((chunk) => chunk.choices?.[0]?.delta?.role === 'assistant'),
      )
    }
    for (const shape of ['ollama', 'openrouter', 'groq', 'vllm'] as const) {
      const stream = await heard(shape, {}, ',reasoning=4')
      assert.equal(stream.chunks.filter((chunk) => chunk.choices?.[0]?.delta?.reasoning !== undefined).length, 4)
    }
  })

  test('groq: x_groq in the first and last chunk, whole calls', async () => {
    const { chunks } = await heard('groq')
    assert.deepEqual(
      chunks.map((chunk) => 'x_groq' in chunk),
      [true, ...Array.from({ length: 9 }, () => false), true],
    )
    assert.equal(called(await tools('groq')).length, 2)
  })

  test('llama.cpp: content null with the role, and [DONE] without a blank line', async () => {
    const raw = (await bytes('llamacpp')).toString()
    assert.ok(raw.endsWith('}\n\ndata: [DONE]\n'))
    assert.equal(hear(Buffer.from(raw)).chunks[0]?.choices?.[0]?.delta?.content, null)
  })

  test('minimax: an empty role, no [DONE], the whole message at the end', async () => {
    const stream = await heard('minimax')
    assert.equal(stream.chunks[0]?.choices?.[0]?.delta?.role, '')
    assert.equal(stream.done, false)
    assert.deepEqual(stream.chunks.at(-1)?.choices?.[0]?.['message'], { role: 'assistant', content: TEXT })
  })

  test('together: the text twice and a token id', async () => {
    const chunk = (await heard('together')).chunks[3]
    assert.equal(chunk?.choices?.[0]?.['text'], chunk?.choices?.[0]?.delta?.content)
    assert.ok('token_id' in (chunk?.choices?.[0]?.delta ?? {}))
  })

  test('xai: completion_tokens without the reasoning', async () => {
    const usage = (await heard('xai', {}, ',reasoning=4')).usage.at(-1)
    assert.equal(usage?.completion_tokens, 9)
    assert.equal((usage?.total_tokens ?? 0) - (usage?.prompt_tokens ?? 0), 13)
  })

  test('perplexity: the usage so far in every chunk', async () => {
    const stream = await heard('perplexity')
    assert.deepEqual(
      stream.usage.map((usage) => usage.completion_tokens),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 9],
    )
  })

  test('spring: no space after data:', async () => {
    const raw = (await bytes('spring')).toString()
    assert.ok(raw.startsWith('data:{"id"'))
    assert.ok(!raw.includes('data: '))
  })

  test('vllm: absent rather than null, stop_reason at the end', async () => {
    const { chunks } = await heard('vllm')
    assert.ok(!('logprobs' in (chunks[2]?.choices?.[0] ?? {})))
    assert.ok('stop_reason' in (chunks.at(-1)?.choices?.[0] ?? {}))
  })
})

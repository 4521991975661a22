import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { streamText } from 'ai'
import OpenAI from 'openai'
import { startRig, type Rig } from '../support/gateway.ts'
import { recordedFolder, recordedStreams, type Recorded } from '../support/recorded.ts'

/** PROTOCOL 3: the provider's JSON goes out verbatim, to every client there is, however the bytes were split. */

const run = promisify(execFile)
const SPLITS = ['1', 'random', '64k'] as const
/**
 * A byte at a time, a long recording takes seconds with each client. What the split can change is seen
 * by curl in every case; the other clients read the long ones in random pieces. CONFORMANCE=full for all.
 */
const splitsFor = (stream: Recorded): readonly string[] =>
  process.env['CONFORMANCE'] === 'full' || stream.bytes.length < 5_000 ? SPLITS : ['random']
const messages = [{ role: 'user' as const, content: 'hello' }]
const streams = recordedStreams()
const chats = streams.filter((stream) => stream.kind === 'chat.completion.chunk')

let rig: Rig
let openai: OpenAI
before(async () => {
  rig = await startRig({ simulator: { replayDir: recordedFolder } })
  openai = new OpenAI({ baseURL: rig.url, apiKey: 'unused', maxRetries: 0 })
})
after(() => rig[Symbol.asyncDispose]())

const modelOf = (stream: Recorded, split: string): string => `replay:${stream.name},split=${split}`
const callsOf = (stream: Recorded): unknown =>
  stream.expected.choices[0]?.tool_calls.map(({ id, name, arguments: args }) => ({ id, name, arguments: args }))

/** Reasoning under the names that the openai package's types do not know. */
function thoughts(part: object | undefined): string {
  const fields = new Map(Object.entries(part ?? {}))
  const text: unknown = fields.get('reasoning_content') ?? fields.get('reasoning') ?? ''
  return typeof text === 'string' ? text : ''
}

/** openai-node's helper refuses tool calls without an index, which is what Mistral sends, with or without a gateway. */
function asNeeded(stream: Recorded): { headers?: Record<string, string> } {
  return stream.name === 'mistral-tool-call' ? { headers: { 'x-stream-repair': 'on' } } : {}
}

describe('a recorded stream of a provider comes through the gateway', () => {
  for (const stream of streams) {
    for (const split of SPLITS) {
      test(`${stream.name}, split ${split}: curl sees the provider's data byte for byte, each with an id`, async () => {
        const body = { model: modelOf(stream, split), messages, stream: true, stream_options: { include_usage: true } }
        const { stdout } = await run(
          'curl',
          ['-sN', `${rig.url}/chat/completions`, '-H', 'content-type: application/json', '-d', JSON.stringify(body)],
          { maxBuffer: 1 << 24 },
        )
        const lines = stdout.split('\n')
        const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice(6))
        const expected = stream.data.at(-1) === '[DONE]' ? stream.data : [...stream.data, '[DONE]']
        assert.deepEqual(data, expected)
        const ids = lines
          .filter((line) => line.startsWith('id: '))
          .map((line) => Number(line.slice(line.lastIndexOf(':') + 1)))
        assert.deepEqual(
          ids,
          data.map((_, index) => index),
        )
      })
    }
  }

  for (const stream of chats) {
    const [choice] = stream.expected.choices
    for (const split of splitsFor(stream)) {
      test(`${stream.name}, split ${split}: openai-node gives its text, tool calls, finish_reason and usage`, async () => {
        const chunks = await openai.chat.completions.create({
          model: modelOf(stream, split),
          messages,
          stream: true,
          stream_options: { include_usage: true },
        })
        let text = ''
        let reasoning = ''
        let finish: string | null = null
        let usage: unknown = null
        for await (const chunk of chunks) {
          for (const { delta, finish_reason } of chunk.choices) {
            if (typeof delta?.content === 'string') text += delta.content
            reasoning += thoughts(delta)
            if (finish_reason) finish = finish_reason
          }
          if (chunk.usage) usage = chunk.usage
        }
        assert.equal(text, choice?.content)
        assert.equal(reasoning, choice?.reasoning ?? '')
        assert.equal(finish, choice?.finish_reason)
        const { x_groq: _, ...expected } = stream.expected.usage ?? {}
        if (usage !== null || stream.expected.usage === null)
          assert.deepEqual(usage, stream.expected.usage === null ? null : expected)
      })

      test(`${stream.name}, split ${split}: openai-node's stream() helper gathers the same`, async () => {
        const final = await openai.chat.completions
          .stream(
            { model: modelOf(stream, split), messages, stream_options: { include_usage: true } },
            asNeeded(stream),
          )
          .finalChatCompletion()
        const [got] = final.choices
        assert.equal(got?.message.content ?? '', choice?.content)
        assert.equal(got?.finish_reason, choice?.finish_reason)
        const calls = (got?.message.tool_calls ?? []).map((call) =>
          call.type === 'function'
            ? { id: call.id, name: call.function.name, arguments: call.function.arguments }
            : call,
        )
        assert.deepEqual(calls, callsOf(stream))
      })

      test(`${stream.name}, split ${split}: a request without stream gives the same as one completion`, async () => {
        const final = await openai.chat.completions.create({ model: modelOf(stream, split), messages })
        const [got] = final.choices
        assert.equal(got?.message.content ?? '', choice?.content)
        assert.equal(thoughts(got?.message), choice?.reasoning ?? '')
        assert.equal(got?.finish_reason, choice?.finish_reason)
        assert.deepEqual(final.usage ?? null, stream.expected.usage)
      })

      test(`${stream.name}, split ${split}: the AI SDK gives its text, reasoning and tool calls`, async () => {
        const provider = createOpenAICompatible({ name: 'sluice', baseURL: rig.url, includeUsage: true })
        const result = streamText({ model: provider.chatModel(modelOf(stream, split)), prompt: 'hello', maxRetries: 0 })
        assert.equal(await result.text, choice?.content)
        assert.equal((await result.reasoningText) ?? '', choice?.reasoning ?? '')
        const calls = (await result.toolCalls).map((call) => ({ id: call.toolCallId, name: call.toolName }))
        assert.deepEqual(
          calls,
          choice?.tool_calls.map(({ id, name }) => ({ id, name })),
        )
      })

      test(`${stream.name}, split ${split}: LangChain gives its text and tool calls`, async () => {
        const model = new ChatOpenAI({
          model: modelOf(stream, split),
          apiKey: 'unused',
          maxRetries: 0,
          streamUsage: true,
          configuration: { baseURL: rig.url },
        })
        let text = ''
        const args: string[] = []
        for await (const chunk of await model.stream('hello')) {
          text += chunk.text
          for (const call of chunk.tool_call_chunks ?? [])
            args[call.index ?? 0] = (args[call.index ?? 0] ?? '') + (call.args ?? '')
        }
        assert.equal(text, choice?.content)
        assert.deepEqual(
          args,
          choice?.tool_calls.map((call) => call.arguments),
        )
      })
    }
  }
})

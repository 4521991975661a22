import assert from 'node:assert/strict'
import type { StreamFault, UsageFault } from '../../src/simulator/faults.ts'
import {
  TEXT,
  fresh,
  partThenError,
  partialAnswer,
  simulator,
  stream,
  testFaults,
  useSimulator,
  wholeAnswer,
} from './fault-rig.ts'
import { ask, chat, content, dechunk, hear } from './raw.ts'

useSimulator()

const CHECKS: Readonly<Record<StreamFault | UsageFault, () => Promise<unknown>>> = {
  malformed: async () => {
    const answer = await stream('malformed@3')
    const heard = hear(content(answer))
    assert.equal(heard.data.length, heard.chunks.length + 2, 'one broken event beside [DONE]')
    wholeAnswer(answer)
  },
  'no-done': async () => {
    const answer = await stream('no-done')
    const heard = hear(content(answer))
    assert.deepEqual([heard.text, heard.finish, heard.done], [TEXT, ['stop'], false])
    assert.equal(dechunk(answer.body).complete, true)
  },
  'no-finish': async () => {
    const answer = await stream('no-finish')
    const heard = hear(content(answer))
    assert.deepEqual([heard.text, heard.finish, heard.done], [TEXT, [], false])
    assert.equal(dechunk(answer.body).complete, true)
  },
  'error-object': async () => {
    partThenError(await stream('error-object@3'), (heard) => {
      assert.ok(heard.chunks.at(-1)?.error)
      assert.equal(heard.done, false)
    })
    const first = hear(content(await stream('error-object')))
    assert.equal(first.text, '')
    assert.ok(first.chunks.at(-1)?.error)
  },
  'error-event': async () =>
    partThenError(await stream('error-event@3'), (heard) => {
      assert.equal(heard.names.at(-1), 'error')
      assert.ok(heard.chunks.at(-1)?.error)
    }),
  'error-field': async () => {
    const answer = await stream('error-field@3')
    partThenError(answer, (heard) => assert.equal(heard.done, true))
    assert.match(content(answer).toString(), /\n\nerror: \{"code":500,.*\}\n\ndata: \[DONE\]\n\n$/)
  },
  'error-string': async () =>
    partThenError(await stream('error-string@3'), (heard) => assert.equal(typeof heard.chunks.at(-1)?.error, 'string')),
  'error-then-done': async () =>
    partThenError(await stream('error-then-done@3'), (heard) => {
      assert.ok(heard.chunks.at(-1)?.error)
      assert.equal(heard.done, true)
    }),
  'content-filter': async () => {
    const heard = hear(content(await stream('content-filter@3')))
    assert.deepEqual(heard.finish, ['content_filter'])
    assert.ok(TEXT.startsWith(heard.text) && heard.text.length < TEXT.length)
    assert.equal(heard.done, true)
  },
  'huge-event': async () => {
    const answer = await stream('huge-event@3')
    const events = content(answer).toString().split('\n\n')
    assert.ok(events.some((event) => event.length > 16 * 1024 * 1024))
    wholeAnswer(answer)
  },
  'unterminated-line': async () => {
    const answer = await stream('unterminated-line@3', { until: (all) => all.length > 300_000 })
    const body = content(answer)
    assert.ok(body.length - body.lastIndexOf('\n') > 200_000)
    partialAnswer(body, 3)
  },
  'endless-comments': async () => {
    const answer = await stream('endless-comments', { until: (_, reads) => reads >= 4 })
    const heard = hear(content(answer))
    assert.ok(heard.comments.length >= 3)
    assert.equal(heard.text, '')
  },
  endless: async () => {
    const answer = await stream('endless', { until: (all) => all.length > 200_000 })
    const heard = hear(content(answer))
    assert.ok(heard.text.startsWith(TEXT + TEXT + TEXT))
    assert.deepEqual(heard.finish, [])
  },
  'comments-first': async () => {
    const answer = await stream('comments-first@150')
    const body = content(answer).toString()
    assert.ok(body.lastIndexOf(': keep-alive') < body.search(/"content":"[^"]/))
    assert.equal(hear(content(answer)).comments.length, 2)
    wholeAnswer(answer)
  },
  'duplicate-tool-index': async () => {
    const heard = hear(
      content(await ask(simulator(), { ...chat(fresh('duplicate-tool-index'), WEATHER), tools: TOOLS })),
    )
    const calls = heard.chunks.flatMap((chunk) => chunk.choices?.[0]?.delta?.tool_calls ?? [])
    assert.equal(new Set(calls.flatMap((call) => call.id ?? [])).size, 2)
    assert.deepEqual([...new Set(calls.map((call) => call.index))], [0])
  },
  'usage-missing': async () => {
    const heard = hear(content(await ask(simulator(), chat(fresh('usage-missing'), undefined, WITH_USAGE))))
    assert.deepEqual(heard.usage, [])
  },
  'usage-cumulative': async () => {
    const heard = hear(content(await stream('usage-cumulative')))
    const counts = heard.usage.map((usage) => usage.completion_tokens)
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12])
  },
  'usage-excludes-reasoning': async () => {
    const model = `${fresh('usage-excludes-reasoning')},reasoning=7`
    const { usage } = hear(content(await ask(simulator(), chat(model, undefined, WITH_USAGE))))
    assert.equal(usage[0]?.completion_tokens, 12)
    assert.equal((usage[0]?.total_tokens ?? 0) - (usage[0]?.prompt_tokens ?? 0), 19)
  },
  'usage-each': async () => {
    const { usage, chunks } = hear(content(await stream('usage-each')))
    assert.equal(usage.length, chunks.length)
    assert.deepEqual(
      usage.slice(-2).map((one) => one.completion_tokens),
      [12, 12],
    )
    assert.ok(usage.slice(0, -2).every((one) => one.total_tokens === 0))
  },
  'late-usage': async () => {
    const model = fresh('late-usage@150')
    const started = performance.now()
    const early = await ask(simulator(), chat(model, undefined, WITH_USAGE), { until: (all) => all.includes('"stop"') })
    assert.ok(!early.body.includes('"prompt_tokens"'))
    const whole = await ask(simulator(), chat(model, undefined, WITH_USAGE))
    assert.ok(performance.now() - started >= 150)
    assert.equal(hear(content(whole)).usage.length, 1)
  },
}

const WITH_USAGE = { stream_options: { include_usage: true } }
const WEATHER = 'What is the weather in Paris and Tokyo?'
const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather at a place',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
]

testFaults(CHECKS)

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fixture } from '../sse/read.ts'
import { everySplit } from '../sse/splits.ts'
import { readAnswer, type Answer } from './answer.ts'

interface SemanticsCase {
  readonly group: string
  readonly name: string
  readonly input_base64: string
  readonly request?: { readonly n?: number }
  readonly expect: {
    readonly outcome: 'complete' | 'error'
    readonly error_kind?: string
    readonly accumulated_length?: number
    readonly choice_indices?: readonly number[]
    readonly contents?: readonly string[]
    readonly delivered_contents?: readonly string[]
    readonly tool_calls?: number | readonly object[]
    readonly must_not_deliver?: readonly string[]
    readonly final_must_not_contain?: readonly string[]
    readonly id?: string
    readonly created?: number
    readonly model?: string
    readonly content?: string | null
    readonly refusal?: string
    readonly finish_reason?: string
    readonly audio?: object
  }
}

const cases: readonly SemanticsCase[] = JSON.parse(fixture('openai-stream-semantics.json'))

/** How an error of the cases is called here. */
const PROBLEMS: Readonly<Record<string, RegExp>> = {
  invalid_index: /^(choice|tool call) index .* is not from 0 to \d+$/,
  missing_role: /^missing_role$/,
  wrong_role: /^wrong_role$/,
  incomplete_tool_call: /^incomplete_tool_call$/,
  missing_finish_reason: /^missing_finish_reason$/,
  // A cut connection leaves an answer without its end.
  connection: /^missing_finish_reason$/,
}

function check({ expect }: SemanticsCase, { completion, problem, chunks }: Answer): void {
  if (expect.outcome === 'complete') assert.equal(problem, undefined)
  else assert.match(problem ?? 'none', PROBLEMS[expect.error_kind ?? ''] ?? /never/)
  const [choice] = completion.choices
  const message = choice?.message
  for (const field of ['id', 'created', 'model'] as const) {
    if (field in expect) assert.equal(completion[field], expect[field])
  }
  if ('content' in expect) assert.equal(message?.content, expect.content)
  if ('refusal' in expect) assert.equal(message?.refusal, expect.refusal)
  if ('finish_reason' in expect) assert.equal(choice?.finish_reason, expect.finish_reason)
  if ('audio' in expect) assert.deepEqual(message?.audio, expect.audio)
  if (expect.choice_indices !== undefined)
    assert.deepEqual(
      completion.choices.map(({ index }) => index),
      expect.choice_indices,
    )
  if (expect.contents !== undefined)
    assert.deepEqual(
      completion.choices.map((each) => each.message.content),
      expect.contents,
    )
  if (typeof expect.tool_calls === 'number') assert.equal(message?.tool_calls?.length, expect.tool_calls)
  else if (expect.tool_calls !== undefined) assert.deepEqual(message?.tool_calls, expect.tool_calls)
  if (expect.delivered_contents !== undefined)
    assert.deepEqual(
      chunks.map(({ chunk }) => chunk.choices[0]?.delta.content),
      expect.delivered_contents,
    )
  const whole = JSON.stringify(completion)
  for (const text of [
    ...(expect.must_not_deliver ?? []),
    ...(expect.final_must_not_contain ?? []),
    'forged_metadata',
    'polluted',
  ])
    assert.ok(!whole.includes(text), text)
  if (expect.accumulated_length === 128 && !('tool_calls' in (message ?? {}))) assert.equal(choice?.index, 127)
  assertPlain(completion)
  assert.deepEqual(Object.keys(Object.prototype), [])
  assert.equal(Reflect.get({}, 'forged_metadata'), undefined)
  assert.equal(Reflect.get([], 'polluted'), undefined)
}

/** No object inside has been given another prototype. */
function assertPlain(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const prototype: unknown = Object.getPrototypeOf(value)
  assert.ok(prototype === Object.prototype || prototype === Array.prototype)
  Object.values(value).forEach(assertPlain)
}

describe("the meaning of a stream is what openai-node's tests say it is", () => {
  test('all 67 cases are there', () => assert.equal(cases.length, 67))

  for (const one of cases) {
    test(`${one.group}: ${one.name}: whole, byte by byte and cut at every point`, () => {
      const bytes = new Uint8Array(Buffer.from(one.input_base64, 'base64'))
      for (const { reads } of everySplit(bytes)) check(one, readAnswer(reads, one.request?.n))
    })
  }
})

import fc from 'fast-check'

// Chunks as providers send them and as they do not: every field that the fold knows, with its absences.

const absent = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.option(fc.option(value, { nil: null }), { nil: undefined })
const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 14, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value })
const text = fc.constantFrom('', 'a', 'b', 'é', '漢', '👩', '"', '\n')

const toolCall = fc.record(
  {
    index: fc.constantFrom(0, 1, undefined),
    id: fc.constantFrom('call_a', 'call_b', '', undefined),
    type: fc.constantFrom('function', undefined),
    function: fc.record(
      { name: fc.constantFrom('f', '', undefined), arguments: text },
      { requiredKeys: ['arguments'] },
    ),
    custom: rarely(fc.record({ name: fc.constantFrom('c', undefined), input: text })),
    extra_content: rarely(fc.constantFrom({ google: { thought_signature: 's' } })),
  },
  { requiredKeys: ['function'] },
)

const delta = fc.record(
  {
    role: rarely(fc.constantFrom('assistant', '', null)),
    content: fc.oneof(text, fc.constant(null), rarely(fc.constant([{ type: 'text', text: 'x' }]))),
    reasoning_content: rarely(text),
    reasoning: rarely(text),
    refusal: rarely(absent(text)),
    tool_calls: rarely(fc.array(toolCall, { maxLength: 2 })),
    function_call: rarely(fc.record({ name: text, arguments: text })),
    audio: rarely(fc.record({ data: text })),
    annotations: rarely(fc.constantFrom([], [{ n: 1 }])),
    token_id: rarely(fc.constantFrom(1, 2)),
    meta: rarely(fc.constantFrom({}, { a: 1 }, { a: 1, b: [2] })),
  },
  { requiredKeys: [] },
)

const choice = fc.record(
  {
    index: fc.constantFrom(0, 0, 0, 1),
    delta: fc.oneof({ weight: 12, arbitrary: delta }, { weight: 1, arbitrary: fc.constant(null) }),
    finish_reason: fc.constantFrom(null, null, null, null, undefined, '', 'stop'),
    logprobs: rarely(absent(fc.record({ content: fc.constantFrom(null, [{ token: 'a' }]) }))),
    content_filter_results: rarely(fc.constantFrom({}, { hate: { filtered: false } })),
  },
  { requiredKeys: ['index', 'delta'] },
)

const chunk = fc.record(
  {
    id: fc.constantFrom('a', 'a', 'a', ''),
    object: fc.constant('chat.completion.chunk'),
    created: fc.constantFrom(1, 1, 2, 0),
    model: fc.constantFrom('m', 'm', ''),
    choices: fc.oneof(
      { weight: 12, arbitrary: fc.tuple(choice) },
      { weight: 1, arbitrary: fc.array(choice, { maxLength: 2 }) },
    ),
    usage: rarely(absent(fc.constantFrom({}, { total_tokens: 1 }, { total_tokens: 2 }))),
    obfuscation: fc.constantFrom('x', 'yy', undefined),
    x_groq: rarely(fc.constantFrom({ id: 'r' }, { usage: { total_tokens: 3 } })),
    citations: rarely(fc.constantFrom(['u'], ['u', 'v'])),
  },
  { requiredKeys: ['id', 'object', 'created', 'model', 'choices'] },
)

/** Each text of a chunk with a number behind it, so that the order of like chunks shows. */
function numbered(one: object, number: number): string {
  return JSON.stringify(one, (key, value: unknown) =>
    typeof value === 'string' && TEXTS.has(key) ? `${value}${number}` : value,
  )
}

const TEXTS: ReadonlySet<string> = new Set([
  'content',
  'reasoning_content',
  'reasoning',
  'refusal',
  'arguments',
  'input',
])

/** Chunks' JSON texts. Runs of like deltas are common, as they are in streams. */
export const anyChunks: fc.Arbitrary<string[]> = fc
  .array(fc.tuple(chunk, fc.integer({ min: 1, max: 4 })), { maxLength: 12 })
  .map((runs) =>
    runs.flatMap(([one, times]) =>
      Array.from({ length: times }, (_, i) => (times === 1 ? JSON.stringify(one) : numbered(one, i))),
    ),
  )

/** Streams to measure with: official chunks, in English, in Chinese, and as a tool call. */

/** What the chunks say. */
export const DATA_KINDS = ['English', 'CJK', 'tool call'] as const
export type DataKind = (typeof DATA_KINDS)[number]

/** How the bytes arrive. */
export const SPLITS = ['event', '16k', 'random'] as const
export type Split = (typeof SPLITS)[number]

/** A stream's events, and the text that they say. */
export interface Data {
  readonly data: readonly string[]
  readonly text: string
}

const WORDS: Readonly<Record<Exclude<DataKind, 'tool call'>, readonly string[]>> = {
  English: [' the', ' quick', ' brown', ' fox', ' jumps', ' over', ' "a"', ' lazy', ' dog', '.', '\n', ' It', "'s"],
  CJK: ['流', '式', '回答', '在', '中途', '断开', '时', '，', '读者', '只能', '看到', '一半', '。\n'],
}

/** A stream of so many chunks, as OpenAI sends them (with its padding). */
export function dataOf(kind: DataKind, events: number): Data {
  if (kind === 'tool call') return toolCallData(events)
  const words = WORDS[kind]
  const texts = Array.from({ length: events }, (_, i) => words[(i * 7) % words.length] ?? '')
  const chunks = texts.map((content, i) => chunk({ content }, null, i))
  return {
    data: [chunk({ role: 'assistant', content: '' }, null, 0), ...chunks, chunk({}, 'stop', 0), '[DONE]'],
    text: texts.join(''),
  }
}

/** One tool call whose arguments come in so many pieces. */
export function toolCallData(pieces: number): Data {
  const texts = [
    '{"rows":[',
    ...Array.from({ length: pieces - 2 }, (_, i) => `${i === 0 ? '' : ','}{"n":${i % 10}}`),
    ']}',
  ]
  const start = { index: 0, id: 'call_1', type: 'function', function: { name: 'save', arguments: '' } }
  const chunks = texts.map((part, i) => chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }, null, i))
  const first = chunk({ role: 'assistant', content: null, tool_calls: [start] }, null, 0)
  return { data: [first, ...chunks, chunk({}, 'tool_calls', 0), '[DONE]'], text: texts.join('') }
}

/** The events as bytes, in the reads that they arrive in. The same in each run. */
export function readsOf(data: readonly string[], split: Split): readonly Uint8Array[] {
  const events = data.map((each) => Buffer.from(`data: ${each}\n\n`))
  if (split === 'event') return events
  const all = Buffer.concat(events)
  const reads: Uint8Array[] = []
  let random = 42
  for (let at = 0; at < all.length;) {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648
    const size = split === '16k' ? 16_384 : 1 + (random % 2_000)
    reads.push(all.subarray(at, at + size))
    at += size
  }
  return reads
}

function chunk(delta: object, finish: string | null, i: number): string {
  return JSON.stringify({
    id: 'chatcmpl-CJmoeQB5lDXY2NQyXNcI3fFc9O2wG',
    object: 'chat.completion.chunk',
    created: 1_758_876_472,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_560af6e559',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    usage: null,
    obfuscation: 'aBcDeFgHiJkLmNoP'.slice(0, (i * 5) % 17),
  })
}

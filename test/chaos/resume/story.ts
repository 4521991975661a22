import { Accumulator } from '../../../src/completion/accumulate.ts'
import type { ChatCompletionChunk } from '../../../src/completion/chunk.ts'
import type { NewEntry, Outcome } from '../../../src/log/stream-log.ts'
import type { Random } from '../random.ts'
import { folded, weight } from './fold.ts'

/** What a producer is going to say, and what follows from it for every reader. */
export interface Story {
  /** In order; the last one is the terminal. Its `data` is empty where the gateway will word it. */
  readonly entries: readonly NewEntry[]
  readonly status: Outcome['status']
  /** Choices asked for. */
  readonly n: number
  /** Characters of all text fields in the entries up to each offset. */
  readonly weights: readonly number[]
  /** The text of each field of each choice, as a plain fold gives it. */
  readonly texts: string
  /** The completion, as the accumulator gives it. */
  readonly completion: string
}

const WORDS: readonly [string, ...string[]] = [
  'the ',
  ' quick',
  ' Привет',
  'мир, ',
  '你好',
  '世界。',
  ' 👩‍👩‍👧 ',
  '\n',
  '\r\n',
  '\n\ndata: [DONE]\n\n',
  '"quoted" \\ ',
  '\u2028',
  'e\u0301',
  '`code`',
  ' 42',
  'id: 7\n',
  '',
]
const MODEL = 'chaos-1'

/** A random story: text, reasoning, tool calls, several choices, odd fields, any of the three ends. */
export function makeStory(random: Random): Story {
  const n = random.chance(0.1) ? random.between(2, 3) : 1
  const length = random.magnitude(4, random.chance(0.03) ? 1_200 : 240)
  const status = random.pick(['completed', 'completed', 'completed', 'failed', 'cancelled'] as const)
  const says = new Saying(random, n)
  const chunks = says.all(length)
  // What does not complete stops anywhere, but not before something could be seen.
  const kept = status === 'completed' ? chunks : chunks.slice(0, random.between(n + 2, chunks.length - 2 * n - 1))
  const entries: NewEntry[] = kept.map((chunk) => ({
    kind: chunk.choices.length === 0 ? 'usage' : 'chunk',
    data: JSON.stringify(chunk),
  }))
  entries.push(status === 'completed' ? { kind: 'done', data: '[DONE]' } : { kind: 'error', data: '' })
  return { entries, status, n, ...consequences(kept) }
}

function consequences(chunks: readonly ChatCompletionChunk[]): Pick<Story, 'weights' | 'texts' | 'completion'> {
  let sum = 0
  const weights = chunks.map((chunk) => (sum += weight(chunk)))
  const accumulator = new Accumulator()
  for (const chunk of chunks) accumulator.add(structuredClone(chunk))
  return {
    weights: [...weights, sum],
    texts: folded(chunks),
    completion: JSON.stringify(accumulator.completion()),
  }
}

/** Makes the chunks of one answer. */
class Saying {
  readonly #random: Random
  readonly #n: number
  readonly #base: Readonly<Record<string, unknown>>
  readonly #hasLogprobs: boolean
  readonly #hasPadding: boolean

  constructor(random: Random, n: number) {
    this.#random = random
    this.#n = n
    this.#hasLogprobs = random.chance(0.1)
    this.#hasPadding = random.chance(0.2)
    this.#base = {
      id: `chatcmpl-${random.below(1e9)}`,
      object: 'chat.completion.chunk',
      created: 1_700_000_000,
      model: MODEL,
      ...(random.chance(0.3) ? { system_fingerprint: 'fp_1', x_unknown: { deep: [1, null, 'ü'] } } : {}),
    }
  }

  all(length: number): readonly ChatCompletionChunk[] {
    const random = this.#random
    const chunks: ChatCompletionChunk[] = []
    for (let index = 0; index < this.#n; index++) chunks.push(this.#chunk(index, { role: 'assistant', content: '' }))
    for (let index = 0; index < this.#n; index++) chunks.push(this.#chunk(index, { content: 'Once' }))
    const thoughts = random.chance(0.3) ? random.below(length) : 0
    const calls = this.#n === 1 && random.chance(0.2) ? random.between(1, 3) : 0
    for (let i = 0; i < length; i++) {
      const field = i < thoughts ? 'reasoning_content' : 'content'
      chunks.push(this.#chunk(random.below(this.#n), { [field]: this.#text() }))
    }
    for (let call = 0; call < calls; call++) chunks.push(...this.#call(call))
    for (let index = 0; index < this.#n; index++) {
      chunks.push(this.#chunk(index, {}, calls > 0 ? 'tool_calls' : random.pick(['stop', 'length'])))
    }
    const usage = { prompt_tokens: 7, completion_tokens: length, total_tokens: length + 7 }
    chunks.push(made({ ...this.#base, choices: [], usage }))
    return chunks
  }

  #call(index: number): readonly ChatCompletionChunk[] {
    const random = this.#random
    const head = { index, id: `call_${index}`, type: 'function', function: { name: `tool_${index}`, arguments: '' } }
    const pieces = Array.from({ length: random.between(1, 12) }, () => ({
      tool_calls: [{ index, function: { arguments: `{"${random.below(100)}":` } }],
    }))
    return [{ tool_calls: [head] }, ...pieces].map((delta) => this.#chunk(0, delta))
  }

  #text(): string {
    const random = this.#random
    if (random.chance(0.002)) return random.pick(WORDS).repeat(random.between(1_000, 12_000))
    const words = Array.from({ length: random.between(1, 3) }, () => random.pick(WORDS))
    return words.join('')
  }

  #chunk(index: number, delta: object, finish: string | null = null): ChatCompletionChunk {
    const random = this.#random
    const logprobs = this.#hasLogprobs && random.chance(0.5)
    const tokens = [{ token: 'x', bytes: [120], logprob: -random.next(), top_logprobs: [] }]
    return made({
      ...this.#base,
      choices: [
        {
          index,
          delta,
          finish_reason: finish,
          ...(logprobs ? { logprobs: { content: tokens, refusal: null } } : {}),
          ...(random.chance(0.02) ? { x_note: random.below(3) } : {}),
        },
      ],
      ...(this.#hasPadding ? { obfuscation: 'x'.repeat(random.below(12)) } : {}),
    })
  }
}

/** Deviations (unknown fields) are on purpose, so what was made is read back as what came from a wire. */
function made(chunk: object): ChatCompletionChunk {
  return JSON.parse(JSON.stringify(chunk))
}

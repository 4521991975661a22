import type { ShapeName } from './shape-name.ts'

/** A chunk before it becomes JSON. */
export interface Chunk {
  readonly [field: string]: unknown
  readonly choices: readonly ChunkChoice[]
}

/** One choice of a chunk. */
export interface ChunkChoice {
  readonly [field: string]: unknown
  readonly delta?: Readonly<Record<string, unknown>>
  readonly finish_reason?: string | null
}

/** Where in a stream a chunk stands. */
export type ChunkPart = 'role' | 'token' | 'call' | 'finish' | 'usage'

/** Adds what a provider has that no other has. `first` is true for the first chunk of the stream. */
export type Decorate = (chunk: Chunk, part: ChunkPart, first: boolean, whole: string) => Chunk

const SAFE = { filtered: false, severity: 'safe' }
const FILTER = { hate: SAFE, self_harm: SAFE, sexual: SAFE, violence: SAFE }

/** What `prompt_filter_results` looks like before anything else on Azure. */
export const AZURE_FIRST: Readonly<Record<string, unknown>> = {
  choices: [],
  created: 0,
  id: '',
  model: '',
  object: '',
  prompt_filter_results: [
    { prompt_index: 0, content_filter_results: { ...FILTER, jailbreak: { filtered: false, detected: false } } },
  ],
}

/** Azure's asynchronous filter: a choice without a delta, after the text. */
export const AZURE_LAST: Readonly<Record<string, unknown>> = {
  choices: [
    {
      content_filter_offsets: { check_offset: 44, start_offset: 44, end_offset: 198 },
      content_filter_results: FILTER,
      finish_reason: null,
      index: 0,
    },
  ],
  created: 0,
  id: '',
  model: '',
  object: '',
}

function eachChoice(chunk: Chunk, change: (choice: ChunkChoice) => ChunkChoice): Chunk {
  return { ...chunk, choices: chunk.choices.map(change) }
}

/** What only one provider has. */
export const DECORATIONS: Readonly<Partial<Record<ShapeName, Decorate>>> = {
  azure: (chunk) =>
    eachChoice(chunk, (choice) => ({ content_filter_results: choice.finish_reason == null ? FILTER : {}, ...choice })),
  deepseek: (chunk, part) => {
    const usage = chunk['usage']
    if (part !== 'finish' || typeof usage !== 'object' || usage === null || !('prompt_tokens' in usage)) return chunk
    return { ...chunk, usage: { ...usage, prompt_cache_hit_tokens: 0, prompt_cache_miss_tokens: usage.prompt_tokens } }
  },
  gemini: (chunk, part) =>
    part === 'finish'
      ? eachChoice(chunk, (choice) => ({
          ...choice,
          delta: { ...choice.delta, extra_content: { google: { thought_signature: 'c2ltdWxhdGVk' } } },
        }))
      : chunk,
  groq: (chunk, part, first) => {
    if (first) return { ...chunk, x_groq: { id: 'req_01simulated0', seed: 1 } }
    return part === 'finish' ? { ...chunk, x_groq: { id: 'req_01simulated0' } } : chunk
  },
  llamacpp: (chunk, part) =>
    part === 'finish' ? { ...chunk, timings: { prompt_n: 1, predicted_n: 1, predicted_per_second: 64.1 } } : chunk,
  minimax: (chunk, part, _first, whole) =>
    part === 'finish'
      ? eachChoice(chunk, (choice) => ({ ...choice, message: { role: 'assistant', content: whole } }))
      : { ...chunk, usage: { total_tokens: 0, total_characters: 0 } },
  openrouter: (chunk, part) => {
    if (part === 'usage') return { ...chunk, usage: { ...Object(chunk['usage']), cost: 0.000_123 } }
    return eachChoice(chunk, (choice) => ({ ...choice, native_finish_reason: choice.finish_reason ?? null }))
  },
  together: (chunk, part) =>
    part === 'token'
      ? eachChoice(chunk, (choice) => ({
          ...choice,
          text: choice.delta?.['content'] ?? '',
          delta: { token_id: 1264, ...choice.delta },
        }))
      : chunk,
  vllm: (chunk, part) =>
    part === 'finish' ? eachChoice(chunk, (choice) => ({ ...choice, stop_reason: null })) : chunk,
}

/** How providers' streams differ from OpenAI's, as data. Observed; see the reference of each row. */
import type { Random } from '../text/random.ts'
import type { ShapeName } from './shape-name.ts'
import { DECORATIONS } from './decorate.ts'
import type { Decorate } from './decorate.ts'

/** What differs in one provider's stream. */
export interface Shape {
  readonly eol: '\n' | '\r\n'
  /** Between `data:` and the JSON. */
  readonly gap: ' ' | ''
  /** `open`: no blank line after it. */
  readonly done: 'full' | 'open' | 'none'
  /** Sent before the first chunk. */
  readonly comment: string | undefined
  /** The field of a delta that holds reasoning; `thinking` is a content part. */
  readonly reasoning: 'reasoning_content' | 'reasoning' | 'thinking'
  /** The first delta of a choice; undefined when the first token carries the role. */
  readonly roleDelta: Readonly<Record<string, unknown>> | undefined
  /** The role stands in every delta. */
  readonly roleEverywhere: boolean
  /** Fields that are null are sent as null. */
  readonly nulls: boolean
  /** Tool calls in pieces, or whole; `bare` is whole and without an index. */
  readonly calls: 'pieces' | 'whole' | 'bare'
  readonly callFinish: 'tool_calls' | 'stop'
  /** Where usage stands: in a chunk of its own, with the finish_reason, or in every chunk. */
  readonly usage: 'chunk' | 'finish' | 'each'
  /** Usage is sent whether it was asked for or not. */
  readonly usageUnasked: boolean
  /** `completion_tokens` leaves the reasoning out. */
  readonly usageExcludesReasoning: boolean
  readonly newId: (random: Random) => string
  /** Top-level fields of every chunk. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly decorate: Decorate | undefined
}

const HEX = '0123456789abcdef'
const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A text of random characters. */
export function randomText(random: Random, length: number, alphabet: string = ALNUM): string {
  let out = ''
  for (let i = 0; i < length; i++) out += alphabet[random.below(alphabet.length)] ?? ''
  return out
}

/** A random UUID. */
export function randomUuid(random: Random): string {
  const hex = (length: number): string => randomText(random, length, HEX)
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
}

const chatcmpl = (random: Random): string => `chatcmpl-${randomText(random, 29)}`
const uuid = (random: Random): string => randomUuid(random)

const OPENAI: Shape = {
  eol: '\n',
  gap: ' ',
  done: 'full',
  comment: undefined,
  reasoning: 'reasoning_content',
  roleDelta: { role: 'assistant', content: '', refusal: null },
  roleEverywhere: false,
  nulls: true,
  calls: 'pieces',
  callFinish: 'tool_calls',
  usage: 'chunk',
  usageUnasked: false,
  usageExcludesReasoning: false,
  newId: chatcmpl,
  fields: { service_tier: 'default', system_fingerprint: 'fp_simulated0' },
  decorate: undefined,
}

const DIFFERENCES: Readonly<Record<ShapeName, Partial<Shape>>> = {
  openai: {},
  azure: { eol: '\r\n', fields: { system_fingerprint: 'fp_simulated0' } },
  deepseek: {
    comment: 'keep-alive',
    roleDelta: { role: 'assistant', content: '' },
    usage: 'finish',
    usageUnasked: true,
    newId: uuid,
    fields: { system_fingerprint: 'fp_simulated0_prod_fp8' },
  },
  gemini: {
    eol: '\r\n',
    roleDelta: undefined,
    roleEverywhere: true,
    nulls: false,
    calls: 'bare',
    callFinish: 'stop',
    usage: 'each',
    usageUnasked: true,
    newId: (random) => randomText(random, 22),
    fields: {},
  },
  groq: {
    roleDelta: { role: 'assistant', content: '' },
    reasoning: 'reasoning',
    calls: 'whole',
    newId: (random) => `chatcmpl-${randomUuid(random)}`,
    fields: { system_fingerprint: 'fp_simulated0' },
  },
  llamacpp: {
    roleDelta: { role: 'assistant', content: null },
    nulls: false,
    done: 'open',
    fields: { system_fingerprint: 'b0-simulated' },
  },
  minimax: {
    done: 'none',
    roleDelta: { role: '', content: '' },
    nulls: false,
    usage: 'finish',
    usageUnasked: true,
    newId: (random) => randomText(random, 32, HEX),
    fields: { input_sensitive: false, output_sensitive: false },
  },
  mistral: {
    reasoning: 'thinking',
    roleDelta: { role: 'assistant', content: '' },
    calls: 'bare',
    usage: 'finish',
    usageUnasked: true,
    newId: (random) => randomText(random, 32, HEX),
    fields: {},
  },
  ollama: {
    roleDelta: undefined,
    roleEverywhere: true,
    nulls: false,
    reasoning: 'reasoning',
    calls: 'whole',
    newId: (random) => `chatcmpl-${random.below(999)}`,
    fields: { system_fingerprint: 'fp_ollama' },
  },
  openrouter: {
    comment: 'OPENROUTER PROCESSING',
    reasoning: 'reasoning',
    roleDelta: undefined,
    roleEverywhere: true,
    newId: (random) => `gen-${random.below(1e9)}-${randomText(random, 20)}`,
    fields: { provider: 'Simulator', system_fingerprint: 'fp_simulated0' },
  },
  perplexity: {
    roleDelta: undefined,
    roleEverywhere: true,
    nulls: false,
    usage: 'each',
    usageUnasked: true,
    newId: uuid,
    fields: { citations: [] },
  },
  spring: { gap: '', fields: {} },
  together: {
    reasoning: 'reasoning',
    roleDelta: undefined,
    roleEverywhere: true,
    usage: 'finish',
    usageUnasked: true,
    newId: (random) => `${randomText(random, 16, HEX)}-SIM`,
    fields: {},
  },
  vllm: {
    roleDelta: { role: 'assistant', content: '' },
    nulls: false,
    reasoning: 'reasoning',
    newId: (random) => `chatcmpl-${randomText(random, 32, HEX)}`,
    fields: {},
  },
  xai: {
    roleDelta: undefined,
    nulls: false,
    usageUnasked: true,
    usageExcludesReasoning: true,
    newId: uuid,
    fields: { system_fingerprint: 'fp_simulated0' },
  },
}

/** The whole row of a provider. */
export function shapeOf(name: ShapeName): Shape {
  return { ...OPENAI, ...DIFFERENCES[name], decorate: DECORATIONS[name] }
}

import type { PriceTable } from './price.ts'

/** Prices change: what somebody saw on a day, not what holds today. A table of one's own takes their place. */
const OPENAI = { checked: '2025-07-04', source: 'openai.com/api/pricing, by pydantic/genai-prices (47df840a)' } as const
const GPT_5 = { checked: '2025-11-13', source: OPENAI.source } as const
const ANTHROPIC = { checked: '2026-07-29', source: 'claude.com/pricing, by pydantic/genai-prices (47df840a)' } as const
const GOOGLE = { checked: '2025-10-31', source: 'ai.google.dev/pricing, by pydantic/genai-prices (47df840a)' } as const
const HOLYSHEEP = {
  checked: '2026-04-07',
  source:
    'HolySheep AI, reference table of the streaming article (one figure per model, taken for input and output as it does for GPT-4.1)',
} as const

const GPT_4 = { input: 30, output: 60, ...OPENAI }
const GPT_4O = { input: 2.5, cachedInput: 1.25, output: 10, ...OPENAI }
const GPT_4O_MINI = { input: 0.15, cachedInput: 0.075, output: 0.6, ...OPENAI }
const GPT_4_1 = { input: 2, cachedInput: 0.5, output: 8, ...OPENAI }
const GPT_4_1_MINI = { input: 0.4, cachedInput: 0.1, output: 1.6, ...OPENAI }
const CLAUDE_3_SONNET = { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15, ...ANTHROPIC }
const CLAUDE_SONNET_4_5 = {
  input: 3,
  cachedInput: 0.3,
  cacheWrite: 3.75,
  output: 15,
  upTo: 200_000,
  beyond: { input: 6, cachedInput: 0.6, cacheWrite: 7.5, output: 22.5 },
  ...ANTHROPIC,
}

/**
 * The makers' list prices of the models that the documentation's examples use. DeepSeek is not in it: its
 * prices depend on the time of day.
 */
export const LIST_PRICES: PriceTable = {
  'gpt-4': GPT_4,
  'gpt-4-0613': GPT_4,
  'gpt-4o': GPT_4O,
  // gpt-4o-2024-05-13 cost more: a dated name is only listed where its price is known.
  'gpt-4o-2024-08-06': GPT_4O,
  'gpt-4o-2024-11-20': GPT_4O,
  'gpt-4o-mini': GPT_4O_MINI,
  'gpt-4o-mini-2024-07-18': GPT_4O_MINI,
  'gpt-4.1': GPT_4_1,
  'gpt-4.1-2025-04-14': GPT_4_1,
  'gpt-4.1-mini': GPT_4_1_MINI,
  'gpt-4.1-mini-2025-04-14': GPT_4_1_MINI,
  'gpt-5': { input: 1.25, cachedInput: 0.125, output: 10, ...GPT_5 },
  'gpt-5-2025-08-07': { input: 1.25, cachedInput: 0.125, output: 10, ...GPT_5 },
  'gpt-5-mini': { input: 0.25, cachedInput: 0.025, output: 2, ...GPT_5 },
  'gpt-5-mini-2025-08-07': { input: 0.25, cachedInput: 0.025, output: 2, ...GPT_5 },
  'claude-3-sonnet': CLAUDE_3_SONNET,
  'claude-3-sonnet-20240229': CLAUDE_3_SONNET,
  'claude-sonnet-4-5': CLAUDE_SONNET_4_5,
  'claude-sonnet-4-5-20250929': CLAUDE_SONNET_4_5,
  'gemini-2.5-flash': { input: 0.3, cachedInput: 0.03, output: 2.5, ...GOOGLE },
}

/** HolySheep AI's reference table. Its other articles name other prices: check before billing on it. */
export const HOLYSHEEP_PRICES: PriceTable = {
  'gpt-4.1': { input: 8, output: 8, ...HOLYSHEEP },
  'claude-sonnet-4.5': { input: 15, output: 15, ...HOLYSHEEP },
  'claude-sonnet-4-5': { input: 15, output: 15, ...HOLYSHEEP },
  'gemini-2.5-flash': { input: 2.5, output: 2.5, ...HOLYSHEEP },
  'deepseek-v3.2': { input: 0.42, output: 0.42, ...HOLYSHEEP },
}

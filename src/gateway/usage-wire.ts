import type { UsageQuery, UsageSum } from '../ledger/usage.ts'

/** One sum, wire names. `cost`: US dollars; null where none of it has a price that is known. */
export interface WireUsage {
  readonly [field: string]: string | number | null
}

const NUMBERS = [
  'streams',
  'incomplete',
  'prompt_tokens',
  'cached_tokens',
  'completion_tokens',
  'reasoning_tokens',
  'cost',
  'nano_dollars',
  'unpriced',
  'estimated',
] as const

/** Sums as JSON, with the total of all. */
export function usageJson({ from, to, by }: UsageQuery, sums: readonly UsageSum[]): object {
  return { object: 'list', from, to, group_by: by, data: sums.map(wireOf), total: wireOf(totalOf(sums)) }
}

/** Sums as CSV (RFC 4180), a header first. */
export function usageCsv({ by }: UsageQuery, sums: readonly UsageSum[]): string {
  const columns = [...by, ...NUMBERS]
  const rows = sums.map((sum) => {
    const wire = wireOf(sum)
    return columns.map((column) => cell(wire[column]))
  })
  return [columns, ...rows].map((row) => `${row.join(',')}\r\n`).join('')
}

/** All of them together. */
export function totalOf(sums: readonly UsageSum[]): UsageSum {
  const add = (of: (sum: UsageSum) => number): number => sums.reduce((total, sum) => total + of(sum), 0)
  return {
    streams: add(({ streams }) => streams),
    incomplete: add(({ incomplete }) => incomplete),
    promptTokens: add(({ promptTokens }) => promptTokens),
    cachedTokens: add(({ cachedTokens }) => cachedTokens),
    completionTokens: add(({ completionTokens }) => completionTokens),
    reasoningTokens: add(({ reasoningTokens }) => reasoningTokens),
    nanoDollars: add(({ nanoDollars }) => nanoDollars),
    unpriced: add(({ unpriced }) => unpriced),
    estimated: add(({ estimated }) => estimated),
  }
}

function wireOf(sum: UsageSum): WireUsage {
  const { day, key, model, provider, nanoDollars, unpriced } = sum
  return {
    ...(day === undefined ? {} : { day }),
    ...(key === undefined ? {} : { key }),
    ...(model === undefined ? {} : { model }),
    ...(provider === undefined ? {} : { provider }),
    streams: sum.streams,
    incomplete: sum.incomplete,
    prompt_tokens: sum.promptTokens,
    cached_tokens: sum.cachedTokens,
    completion_tokens: sum.completionTokens,
    reasoning_tokens: sum.reasoningTokens,
    cost: unpriced > 0 && nanoDollars === 0 ? null : nanoDollars / 1e9,
    nano_dollars: nanoDollars,
    unpriced,
    estimated: sum.estimated,
  }
}

/** A name that a spreadsheet would take for a formula is made text: callers choose model names. */
function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

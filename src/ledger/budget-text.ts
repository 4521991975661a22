import type { KeyBudget } from './key.ts'

const PERIODS = ['day', 'month', 'total'] as const

/**
 * A budget as people write it: dollars, a slash, and `day`, `month` or `total`; without a period, in all.
 * Exact to a billionth of a dollar. Undefined for anything else.
 *
 * @example
 * parseBudget('0.50/day') // { nanoDollars: 500_000_000, period: 'day' }
 */
export function parseBudget(text: string): KeyBudget | undefined {
  const match = /^\$?(\d{1,7})(?:\.(\d{1,9}))?(?:\/([a-z]{3,5}))?$/.exec(text.trim())
  const [, dollars, fraction = '', word = 'total'] = match ?? []
  const period = PERIODS.find((one) => one === word)
  if (dollars === undefined || period === undefined) return undefined
  // Digits are put together, not multiplied: 0.1 has no exact float.
  const nanoDollars = Number(dollars + fraction.padEnd(9, '0'))
  return Number.isSafeInteger(nanoDollars) ? { nanoDollars, period } : undefined
}

/** The same budget in the same words: `0.5/day`. */
export function formatBudget({ nanoDollars, period }: KeyBudget): string {
  const digits = String(nanoDollars).padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '')
  return `${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`}/${period}`
}

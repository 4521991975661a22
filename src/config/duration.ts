/** Milliseconds per unit. */
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Bytes per unit. KB and KiB are the same here, 1,024 bytes, as in most servers' configuration. */
const SIZES: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 }

/** The longest duration that something waits for: Node's timers end at 24.8 days, and a longer one fires at once. */
export const LONGEST_TIMER: number = 24 * 86_400_000

/** A duration as the configuration may write it, for the JSON Schema. */
export const DURATION_PATTERN: string = String.raw`^[0-9]{1,15}(\.[0-9]{1,6})?(ms|s|m|h|d)$`

/** A size as the configuration may write it, for the JSON Schema. */
export const SIZE_PATTERN: string = String.raw`^[0-9]{1,15}(\.[0-9]{1,6})? ?([KMG]i?)?B$`

/**
 * A duration in milliseconds: `250ms`, `5s`, `1.5m`, `1h`, `7d`, or a number of milliseconds.
 * `undefined` for anything else, for what is not a whole number of milliseconds, and for negatives.
 *
 * @example
 * parseDuration('1.5s') // 1500
 */
export function parseDuration(value: string | number): number | undefined {
  if (typeof value === 'number') return wholeNumber(value)
  // Digits alone are what a number looks like after it came from an environment variable.
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(ms|s|m|h|d)?$/.exec(value.trim())
  const unit = UNITS[match?.[2] ?? 'ms']
  return match?.[1] === undefined || unit === undefined ? undefined : scaled(match[1], unit)
}

/**
 * A number of milliseconds in the largest unit that says it exactly.
 *
 * @example
 * formatDuration(90_000) // '90s'
 */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNITS[unit] ?? 1
    if (ms !== 0 && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}

/**
 * A size in bytes: `512B`, `64KB`, `10MB`, `1GiB`, or a number of bytes. `undefined` for anything else.
 *
 * @example
 * parseSize('10MB') // 10485760
 */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number') return wholeNumber(value)
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([kmg]?)i?(b?)$/i.exec(value.trim())
  const unit = SIZES[`${match?.[2] ?? ''}b`.toLowerCase()]
  return match?.[1] === undefined || unit === undefined ? undefined : scaled(match[1], unit)
}

/** Decimal arithmetic: 0.0011s is 1.1 ms and not a whole number, although floats may say so. */
function scaled(digits: string, unit: number): number | undefined {
  const [whole = '', fraction = ''] = digits.split('.')
  const parts = BigInt(whole + fraction) * BigInt(unit)
  const scale = 10n ** BigInt(fraction.length)
  return parts % scale === 0n ? wholeNumber(Number(parts / scale)) : undefined
}

function wholeNumber(value: number): number | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

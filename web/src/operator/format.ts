import { usePreferences } from '../preferences.tsx'
import type { Key } from './wire-keys.ts'
import { useOperatorTexts } from './texts/use-texts.ts'

/** Figures as people of the reader's language write them. */
export interface Format {
  readonly number: (value: number) => string
  /** `12.3K`. */
  readonly compact: (value: number) => string
  /** Milliseconds as `340ms`, `1.2s` or `3m 20s`, in the reader's language. */
  readonly time: (ms: number) => string
  readonly share: (value: number) => string
  readonly dollars: (value: number) => string
  /** Of milliseconds since 1970, the time of day; the day too where it is another one. */
  readonly clock: (ms: number) => string
  readonly day: (ms: number) => string
}

/** How figures are written in the reader's language. */
export function useFormat(): Format {
  const { language } = usePreferences()
  return formatFor(localeFor(language), language)
}

/** The reader's own variety of the language, where the browser has one: it decides between 14:00 and 2 PM. */
export function localeFor(language: string): string {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language
}

const made = new Map<string, Format>()

function formatFor(language: string, plainLanguage: string): Format {
  const known = made.get(language)
  if (known !== undefined) return known
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: 1 })
  // Some regions write millions as a small m, which beside times is a minute.
  const compact = new Intl.NumberFormat(plainLanguage, { notation: 'compact', maximumSignificantDigits: 3 })
  const share = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 })
  const fine = new Intl.NumberFormat(language, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumSignificantDigits: 3,
  })
  const coarse = new Intl.NumberFormat(language, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 2,
  })
  const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
  const dated = new Intl.DateTimeFormat(language, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  })
  const day = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' })
  const unit = (name: string, digits: number): Intl.NumberFormat =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit: name,
      unitDisplay: 'narrow',
      maximumFractionDigits: digits,
      minimumFractionDigits: digits,
    })
  const units = { ms: unit('millisecond', 0), s1: unit('second', 1), s: unit('second', 0) }
  const [minutes, hours, days] = [unit('minute', 0), unit('hour', 0), unit('day', 0)]
  const format: Format = {
    number: (value) => plain.format(value),
    compact: (value) => compact.format(value),
    time(ms) {
      if (ms < 999.5) return units.ms.format(ms)
      if (ms < 59_950) return units.s1.format(ms / 1_000)
      const seconds = Math.round(ms / 1_000)
      if (seconds < 3_600) return `${minutes.format(Math.floor(seconds / 60))} ${units.s.format(seconds % 60)}`
      if (seconds < 86_400)
        return `${hours.format(Math.floor(seconds / 3_600))} ${minutes.format(Math.floor((seconds % 3_600) / 60))}`
      return `${days.format(Math.floor(seconds / 86_400))} ${hours.format(Math.floor((seconds % 86_400) / 3_600))}`
    },
    share: (value) => share.format(value),
    dollars: (value) => (value >= 1 ? coarse : fine).format(value),
    clock: (ms) => (Math.abs(Date.now() - ms) < 43_200_000 ? clock : dated).format(ms),
    day: (ms) => day.format(ms),
  }
  made.set(language, format)
  return format
}

/** A key by its name; one that nobody knows any more by its id. */
export function useKeyName(keys: readonly Key[] | undefined): (id: string) => string {
  const texts = useOperatorTexts()
  return (id) => {
    if (id === 'local') return texts.localUser
    if (id === 'other') return texts.other
    return keys?.find((key) => key.id === id)?.name ?? id
  }
}

import type { Random } from '../text/random.ts'
import type { Hints } from './hints.ts'

/** What a field is called decides what stands in it. First match wins. */
const BY_NAME: readonly (readonly [RegExp, (hints: Hints, random: Random) => string])[] = [
  [/e-?mail/i, () => 'mara.lind@example.com'],
  [/(url|link|website|href)$/i, () => 'https://example.com/simulated'],
  [/phone|mobile/i, () => '+1-555-0134'],
  [/city|location|place|town|destination|region|address/i, (hints, random) => hints.names[0] ?? random.pick(CITIES)],
  [/country/i, (hints) => hints.names[0] ?? 'Portugal'],
  [/first_?name|given/i, () => 'Mara'],
  [/last_?name|surname|family/i, () => 'Lind'],
  [/(^|_)name$|author|person|customer|user/i, (hints) => hints.names[0] ?? 'Mara Lind'],
  [/colou?r/i, (_, random) => random.pick(['teal', 'amber', 'indigo'])],
  [/currency/i, () => 'EUR'],
  [/language|locale|lang$/i, (hints) => hints.corpus.language],
  [/timezone|time_zone/i, () => 'Europe/Lisbon'],
  [/date|day$/i, () => '2026-11-20'],
  [/time$/i, () => '12:34:56'],
  [/(^|_)id$|uuid|key$/i, (_, random) => `sim-${random.below(90_000) + 10_000}`],
  [/query|search|topic|subject|title|keyword|term|question|input/i, (hints) => topicOr(hints)],
  [/code|symbol|unit/i, (_, random) => random.pick(['A1', 'B2', 'C3'])],
]

/** The string formats of JSON Schema. */
const FORMATS: Readonly<Record<string, string>> = {
  'date-time': '2026-11-20T12:34:56Z',
  date: '2026-11-20',
  time: '12:34:56Z',
  duration: 'PT15M',
  email: 'mara.lind@example.com',
  'idn-email': 'mara.lind@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.17',
  ipv6: '2001:db8::17',
  uri: 'https://example.com/simulated',
  'uri-reference': '/simulated',
  url: 'https://example.com/simulated',
  uuid: '3f2b8c1a-9d4e-4a6b-8c7d-0e1f2a3b4c5d',
  'json-pointer': '/simulated/0',
  regex: '^[a-z]+$',
}

const CITIES: readonly string[] = ['Lisbon', 'Kyoto', 'Tbilisi', 'Valparaíso', 'Tromsø']

/** Text for a string field: by its format, else by its name, else a sentence in the question's language. */
export function fieldText(name: string, format: string | undefined, hints: Hints, random: Random): string {
  const formatted = format === undefined || !Object.hasOwn(FORMATS, format) ? undefined : FORMATS[format]
  if (formatted !== undefined) return formatted
  const named = BY_NAME.find(([pattern]) => pattern.test(name))
  if (named !== undefined) return named[1](hints, random)
  const plain = hints.corpus.prose.filter((sentence) => !sentence.includes('{'))
  return random.pick(plain)
}

function topicOr(hints: Hints): string {
  return hints.topic === '' ? hints.corpus.anyTopic : hints.topic
}

import { SluiceError } from '../errors.ts'
import { FAULTS, isFaultName } from './faults.ts'
import type { FaultName } from './faults.ts'
import { SHAPE_NAMES } from './wire/shape-name.ts'
import type { ShapeName } from './wire/shape-name.ts'

/** How the bytes of a body are divided into writes; `event` is one write per event. */
export type Split = 'event' | '1' | 'random' | '64k' | 'whole'

/** How token counts are reported. */
export type UsageMode = 'asked' | 'none' | 'cumulative' | 'no-reasoning' | 'each'

/** What a model's name asks for. */
export interface ModelSpec {
  /** The whole name, as it was given. */
  readonly name: string
  /** The recorded stream to serve; undefined for a generated answer. */
  readonly replay: string | undefined
  /** Length of the whole answer in tokens; undefined lets the question decide. */
  readonly tokens: number | undefined
  /** Milliseconds between tokens; undefined for the default (15, recorded streams 0). */
  readonly interval: number | undefined
  /** Milliseconds before the first token; undefined for the default (150, recorded streams 0). */
  readonly first: number | undefined
  /** Overrides the request's seed. */
  readonly seed: number | undefined
  readonly fault: { readonly name: FaultName; readonly at: number | undefined } | undefined
  /** Tokens of reasoning before the answer. */
  readonly reasoning: number
  /** Whose wire format is imitated. */
  readonly shape: ShapeName
  /**
   * Characters repeated where an instructed continuation joins; `random` is 0 to 30, by the seed; undefined for
   * what the instruction asks for.
   */
  readonly overlap: number | 'random' | undefined
  /** A chatty sentence before an instructed continuation. */
  readonly preamble: boolean
  readonly split: Split
  readonly usage: UsageMode
}

/** Longest answer, in tokens. */
export const MAX_TOKENS = 200_000
const MAX_MS = 3_600_000
const SPLITS: readonly Split[] = ['event', '1', 'random', '64k', 'whole']
const USAGES: readonly UsageMode[] = ['asked', 'none', 'cumulative', 'no-reasoning', 'each']

type Draft = { -readonly [Key in keyof ModelSpec]: ModelSpec[Key] }
type Reader = (draft: Draft, value: string, key: string) => void

const OPTIONS: Readonly<Record<string, Reader>> = {
  tokens: (draft, value, key) => void (draft.tokens = integer(key, value, 0, MAX_TOKENS)),
  interval: (draft, value, key) => void (draft.interval = duration(key, value)),
  first: (draft, value, key) => void (draft.first = duration(key, value)),
  seed: (draft, value, key) => void (draft.seed = integer(key, value, 0, Number.MAX_SAFE_INTEGER)),
  fault: (draft, value) => void (draft.fault = faultOf(value)),
  reasoning: (draft, value, key) => void (draft.reasoning = integer(key, value, 0, 20_000)),
  shape: (draft, value, key) => void (draft.shape = oneOf(key, value, SHAPE_NAMES)),
  overlap: (draft, value, key) => void (draft.overlap = value === 'random' ? value : integer(key, value, 0, 10_000)),
  preamble: (draft, value, key) => void (draft.preamble = oneOf(key, value, ['0', '1']) === '1'),
  split: (draft, value, key) => void (draft.split = oneOf(key, value, SPLITS)),
  usage: (draft, value, key) => void (draft.usage = oneOf(key, value, USAGES)),
}

/**
 * Reads a model's name. Any name is a healthy model; `sim:` and `replay:FILE` take options.
 *
 * @example
 * parseModel('sim:tokens=200,interval=2ms,fault=cut@57').fault // { name: 'cut', at: 57 }
 * @throws SluiceError `invalid_value` (param `model`) that says what was wrong and what would be right.
 */
export function parseModel(name: string): ModelSpec {
  const draft: Draft = {
    name,
    replay: undefined,
    tokens: undefined,
    interval: undefined,
    first: undefined,
    seed: undefined,
    fault: undefined,
    reasoning: 0,
    shape: 'openai',
    overlap: undefined,
    preamble: false,
    split: 'event',
    usage: 'asked',
  }
  if (name.startsWith('sim:')) readOptions(name.slice(4), draft)
  else if (name.startsWith('replay:')) {
    const [file, ...options] = name.slice(7).split(',')
    if (file === undefined || file === '') throw bad('replay: needs the name of a recorded stream: replay:openai-text')
    draft.replay = file
    readOptions(options.join(','), draft)
  }
  return draft
}

function readOptions(text: string, draft: Draft): void {
  const seen = new Set<string>()
  for (const part of text.split(',')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const key = equals < 0 ? part : part.slice(0, equals)
    const read = Object.hasOwn(OPTIONS, key) ? OPTIONS[key] : undefined
    if (read === undefined) throw bad(`unknown option “${shown(key)}”; there are ${Object.keys(OPTIONS).join(', ')}`)
    if (equals < 0) throw bad(`“${key}” needs a value: ${key}=…`)
    if (seen.has(key)) throw bad(`“${key}” is given twice`)
    seen.add(key)
    read(draft, part.slice(equals + 1), key)
  }
}

function faultOf(value: string): NonNullable<ModelSpec['fault']> {
  const sign = value.indexOf('@')
  const name = sign < 0 ? value : value.slice(0, sign)
  if (!isFaultName(name)) throw bad(`unknown fault “${shown(name)}”; there are ${Object.keys(FAULTS).join(', ')}`)
  if (sign < 0) return { name, at: undefined }
  const { at } = FAULTS[name]
  if (at === undefined) throw bad(`fault ${name} happens at no particular place: write fault=${name}, without “@”`)
  return { name, at: integer(`fault=${name}@`, value.slice(sign + 1), at.unit === 'requests' ? 1 : 0, MAX_MS) }
}

function integer(key: string, value: string, least: number, most: number): number {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw bad(`“${key}” must be a whole number from ${least} to ${most}, got “${shown(value)}”`)
}

function duration(key: string, value: string): number {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s)?$/.exec(value) ?? []
  const ms = Number(number) * (unit === 's' ? 1_000 : 1)
  if (ms <= MAX_MS) return ms
  throw bad(`“${key}” must be a time such as 2ms or 1.5s, at most one hour, got “${shown(value)}”`)
}

function oneOf<T extends string>(key: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value)
  if (found !== undefined) return found
  throw bad(`“${key}” must be one of ${allowed.join(', ')}, got “${shown(value)}”`)
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function bad(message: string): SluiceError {
  return new SluiceError('invalid_value', `Simulator model: ${message}`, { param: 'model' })
}

import { parseArgs } from 'node:util'
import type { ArgsDef } from 'citty'
import { didYouMean } from '../config/suggest.ts'
import { SluiceError } from '../errors.ts'

/** A command's arguments as citty gives them. */
export type Flags = Readonly<Record<string, unknown>>

/**
 * Refuses what citty lets through: unknown options, options without a value, stray words.
 *
 * @throws SluiceError `invalid_value`.
 */
export function checkFlags(args: readonly string[], known: ArgsDef): void {
  const options = Object.fromEntries(
    Object.entries(known).flatMap(([name, def]) =>
      def.type === 'positional' ? [] : [[name, { type: def.type === 'boolean' ? 'boolean' : 'string' } as const]],
    ),
  )
  const words = Object.values(known).filter((def) => def.type === 'positional')
  // Not strict: the messages of strict mode are made for the programmer.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (words.shift() === undefined) throw usage(`unexpected argument ${JSON.stringify(token.value)}`)
      continue
    }
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) {
      const names = Object.keys(options).map((name) => `--${name}`)
      throw usage(`unknown option ${token.rawName}${didYouMean(token.rawName, names)}`)
    }
    if (option.type === 'boolean') continue
    const swallowed = token.inlineValue === false && token.value.startsWith('-')
    if (token.value === undefined || token.value === '' || swallowed) throw usage(`${token.rawName} needs a value`)
  }
  const missing = words.find((def) => def.required !== false)
  if (missing !== undefined) throw usage(`${missing.valueHint ?? 'an argument'} is needed`)
}

/** Every value of an option that may be given several times. */
export function everyFlag(rawArgs: readonly string[], name: string): readonly string[] {
  const options = { [name]: { type: 'string', multiple: true } } as const
  const { values } = parseArgs({ args: [...rawArgs], options, strict: false, allowPositionals: true })
  const given = values[name]
  return Array.isArray(given) ? given.filter((value) => typeof value === 'string') : []
}

/** A whole number above 0. @throws SluiceError `invalid_value`. */
export function numberFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,12}$/.test(text)) return Number(text)
  throw usage(`--${name} has to be a whole number above 0, got ${JSON.stringify(text)}`)
}

/** An option's text, if it is given. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' ? value : undefined
}

/** A port: 0 for any free one. @throws SluiceError `invalid_value`. */
export function portFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw usage(`--${name} has to be a number from 0 to 65535, got ${JSON.stringify(text)}`)
}

/** One of a few words. @throws SluiceError `invalid_value`. */
export function choiceFlag<W extends string>(flags: Flags, name: string, words: readonly W[]): W | undefined {
  const text = textFlag(flags, name)
  if (text === undefined) return undefined
  const word = words.find((candidate) => candidate === text)
  if (word !== undefined) return word
  throw usage(`--${name} has to be ${words.join(' or ')}, got ${JSON.stringify(text)}${didYouMean(text, words)}`)
}

/** An error in how the command was called. */
export function usage(message: string): SluiceError {
  return new SluiceError('invalid_value', message)
}

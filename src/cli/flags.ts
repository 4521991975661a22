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
    Object.entries(known).map(([name, def]) => [
      name,
      { type: def.type === 'boolean' ? 'boolean' : 'string' } as const,
    ]),
  )
  // Not strict: the messages of strict mode are made for the programmer.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') throw usage(`unexpected argument ${JSON.stringify(token.value)}`)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) {
      const names = Object.keys(known).map((name) => `--${name}`)
      throw usage(`unknown option ${token.rawName}${didYouMean(token.rawName, names)}`)
    }
    if (option.type === 'boolean') continue
    const swallowed = token.inlineValue === false && token.value.startsWith('-')
    if (token.value === undefined || token.value === '' || swallowed) throw usage(`${token.rawName} needs a value`)
  }
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

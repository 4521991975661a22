import type { Environment } from '../provider/environment.ts'

/*
 * References to environment variables in a configuration text: `${NAME}`, `${NAME:-something else}`,
 * and `$${…}` for a literal `${…}`.
 *
 * `{ apiKey: ${KEY} }` is not YAML: inside a flow mapping the brace opens another one. And putting the
 * value in before parsing would let a value with `}` or a line break write configuration. So every
 * reference is masked before parsing by as many private characters, which YAML takes for ordinary
 * letters, and is looked up after parsing, in the finished string. Lines and columns stay true, and a
 * value can never be more than part of one string.
 */

const OPEN = '\uE100'
const MIDDLE = '\uE101'
const CLOSE = '\uE102'
const MASK = /\uE100\uE101*\uE102/g
const REFERENCE = /\$?\$\{[^{}\r\n]*\}/g

/** Whether a text contains one of the characters that stand for a reference here. */
export function hasMaskCharacters(text: string): boolean {
  return /[\uE100-\uE102]/.test(text)
}

/** The text with every reference replaced by as many characters without a meaning in YAML. */
export function maskReferences(text: string): string {
  return text.replace(REFERENCE, (reference) => `${OPEN}${MIDDLE.repeat(reference.length - 2)}${CLOSE}`)
}

/** A YAML parser's message, readable again. */
export function unmaskMessage(message: string): string {
  return message.replace(MASK, '${…}').replace(/[\uE100-\uE102]/g, '…')
}

/** A reference in its place. */
export interface Reference {
  /** As it is written: `${NAME:-else}`. */
  readonly text: string
  /** Where it starts in the configuration text. */
  readonly offset: number
}

/**
 * The references in one scalar, in order.
 *
 * @param value The scalar as the parser gave it, masked.
 * @param text The configuration text as it was written; `masked` is as long.
 * @param range Where the scalar stands in both.
 */
export function referencesIn(
  value: string,
  text: string,
  masked: string,
  range: readonly [start: number, end: number],
): readonly Reference[] {
  const count = [...value.matchAll(MASK)].length
  if (count === 0) return []
  const written = [...masked.slice(range[0], range[1]).matchAll(MASK)]
  // From the end: a block scalar's range begins with its header, and a comment there may hold others.
  return written.slice(-count).map((match) => {
    const offset = range[0] + match.index
    return { text: text.slice(offset, offset + match[0].length), offset }
  })
}

/** Puts one text in for each masked reference, in order. */
export function fillIn(value: string, replacements: readonly string[]): string {
  let next = 0
  return value.replace(MASK, () => replacements[next++] ?? '')
}

/** What a reference stands for: a value, or why there is none. */
export type Lookup = { readonly value: string } | { readonly problem: string }

/** Looks one reference up. The problem names the variable, never its value. */
export function lookUp(reference: string, env: Environment): Lookup {
  if (reference.startsWith('$$')) return { value: reference.slice(1) }
  const [, name, otherwise] = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?\}$/u.exec(reference) ?? []
  if (name === undefined) {
    return { problem: `${reference} is no reference: expected \${NAME} or \${NAME:-default}; $\${…} stands for itself` }
  }
  const set = Object.hasOwn(env, name) ? env[name] : undefined
  const value = otherwise !== undefined && (set === undefined || set === '') ? otherwise : set
  if (value === undefined) return { problem: `the environment variable ${name} is not set` }
  if (/[\x00-\x1f\x7f]/.test(value)) {
    return { problem: `the environment variable ${name} holds a line break or another control character` }
  }
  return { value }
}

import { z } from 'zod'
import type { OnDisconnect } from './config.ts'
import { DURATION_PATTERN, formatDuration, LONGEST_TIMER, parseDuration, parseSize, SIZE_PATTERN } from './duration.ts'
import { didYouMean } from './suggest.ts'

/*
 * The kinds of value a configuration has. Their messages say what is expected; what was found is added
 * by problems.ts, which knows whether it may be shown. Numbers and switches are also taken as text,
 * because that is what an environment variable gives.
 */

/** Text that is not empty. */
export function text(expected = 'expected text'): z.ZodType<string, string> {
  return z.string({ error: expected }).min(1, { error: expected })
}

/** A duration in milliseconds, within bounds. */
export function duration(min = 1, max: number = LONGEST_TIMER): z.ZodType<number, string | number> {
  const expected = 'expected a duration such as 5s, 250ms or 10m'
  return z
    .union([z.string().meta({ pattern: orReference(DURATION_PATTERN) }), z.number()], { error: expected })
    .transform((value, context) => {
      const ms = parseDuration(value)
      const message =
        ms === undefined
          ? expected
          : ms < min
            ? `expected at least ${formatDuration(min)}`
            : ms > max
              ? `expected at most ${formatDuration(max)}`
              : undefined
      if (message === undefined && ms !== undefined) return ms
      context.addIssue({ code: 'custom', message: message ?? expected, input: value })
      return z.NEVER
    })
}

/** A size in bytes, at least one. */
export function size(): z.ZodType<number, string | number> {
  const expected = 'expected a size such as 64KB or 10MB'
  return z
    .union([z.string().meta({ pattern: orReference(SIZE_PATTERN) }), z.number()], { error: expected })
    .transform((value, context) => {
      const bytes = parseSize(value)
      if (bytes !== undefined && bytes > 0) return bytes
      context.addIssue({ code: 'custom', message: expected, input: value })
      return z.NEVER
    })
}

/** A number within bounds; whole unless told otherwise. */
export function number(min: number, max: number, whole = true): z.ZodType<number, string | number> {
  const expected = `expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`
  const digits = whole ? String.raw`^[0-9]{1,15}$` : String.raw`^[0-9]{1,15}(\.[0-9]{1,15})?$`
  return z
    .union([z.string().meta({ pattern: orReference(digits) }), z.number().meta({ minimum: min, maximum: max })], {
      error: expected,
    })
    .transform((value, context) => {
      const read = typeof value === 'number' ? value : new RegExp(digits).test(value) ? Number(value) : Number.NaN
      if (read >= min && read <= max && (!whole || Number.isInteger(read))) return read
      context.addIssue({ code: 'custom', message: expected, input: value })
      return z.NEVER
    })
}

/** A switch. */
export function flag(): z.ZodType<boolean, boolean | 'true' | 'false'> {
  return z
    .union([z.boolean(), z.literal(['true', 'false'])], { error: 'expected true or false' })
    .transform((value) => value === true || value === 'true')
}

/** One of a few words. */
export function choice<const W extends string>(words: readonly [W, ...W[]]): z.ZodType<W, W> {
  return z.enum(words, {
    error: ({ input }) =>
      `expected one of ${words.join(', ')}${typeof input === 'string' ? didYouMean(input, words) : ''}`,
  })
}

/** What happens when the last reader leaves: `cancel`, `continue` or `grace=30` (seconds). */
export function disconnectPolicy(): z.ZodType<OnDisconnect, string> {
  const expected = 'expected cancel, continue or grace=SECONDS'
  return z
    .string({ error: expected })
    .meta({ pattern: '^(cancel|continue|grace=[0-9]{1,5})$' })
    .transform((value, context) => {
      if (value === 'cancel' || value === 'continue') return { type: value }
      const seconds = /^grace=(\d{1,5})$/.exec(value)?.[1]
      if (seconds !== undefined) return { type: 'grace', ms: Number(seconds) * 1_000 } as const
      context.addIssue({ code: 'custom', message: expected, input: value })
      return z.NEVER
    })
}

/**
 * A mapping with these keys and no others. An unknown key is a problem of its own, one line each in
 * the message, in the order of the issue's `keys`.
 */
export function section<S extends z.core.$ZodLooseShape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape)
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownKey(key, known)).join('\n')
        : 'expected a mapping',
  })
}

/** A mapping from names to values. */
export function named<V extends z.ZodType>(name: RegExp, expected: string, value: V): z.ZodRecord<z.ZodString, V> {
  return z.record(z.string().regex(name), value, {
    error: (issue) => (issue.code === 'invalid_key' ? expected : 'expected a mapping'),
  })
}

/** A list with at least one thing. */
export function list<V extends z.ZodType>(expected: string, value: V): z.ZodArray<V> {
  return z.array(value, { error: expected }).min(1, { error: expected })
}

/** What an editor accepts before `${NAME}` is filled in. Says nothing about what is accepted afterwards. */
function orReference(pattern: string): string {
  return String.raw`${pattern}|\$\{`
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = didYouMean(key, known)
  const rest = guess === '' ? `; known here: ${known.join(', ')}` : guess
  return `unknown key ${JSON.stringify(key)}${rest}`
}

import { SluiceError } from '../../errors.ts'

/** A JSON object from outside: nothing is known of its fields. */
export type Body = Readonly<Record<string, unknown>>

/** True for a JSON object. */
export function isRecord(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The refusal of a field, as OpenAI words it. */
export function bad(param: string, message: string): SluiceError {
  return new SluiceError('invalid_value', message, param === '' ? {} : { param })
}

/** A boolean field; null is as good as absent. */
export function flag(body: Body, key: string, otherwise: boolean, prefix: string = ''): boolean {
  const value = body[key] ?? otherwise
  if (typeof value !== 'boolean') throw bad(prefix + key, `${prefix}${key} must be true or false`)
  return value
}

/** An integer field within bounds; undefined when absent or null. */
export function integerIn(body: Body, key: string, least: number, most: number): number | undefined {
  const value = body[key] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw bad(key, `${key} must be an integer from ${least} to ${most}, got ${JSON.stringify(value).slice(0, 60)}`)
}

/** A list field; empty when absent or null. */
export function listOf(body: Body, key: string, prefix: string = ''): readonly unknown[] {
  const value = body[key] ?? []
  if (!Array.isArray(value)) throw bad(prefix + key, `${prefix}${key} must be an array`)
  return value
}

/** The text of a message: a string, or the text parts of an array; pictures and files are skipped. */
export function textOf(content: unknown, where: string): string {
  if (typeof content === 'string') return content
  if (content == null) return ''
  if (!Array.isArray(content)) throw bad(where, `${where} must be a string or an array of content parts`)
  return content
    .map((part: unknown, at) => {
      if (!isRecord(part) || typeof part['type'] !== 'string')
        throw bad(`${where}.${at}`, `${where}.${at} must have a type`)
      return typeof part['text'] === 'string' ? part['text'] : ''
    })
    .join('')
}

/** What an answer has under each name. A newer or older gateway may say other things: nothing is believed unread. */
export type Fields = Readonly<Record<string, unknown>>

/** A mapping as such; an empty one for anything else. */
export function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** The mappings of a list. */
export function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(asFields) : []
}

/** A number, or 0. */
export function numberOf(value: unknown): number {
  return maybeNumber(value) ?? 0
}

/** A number where there is one. */
export function maybeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** A text, or an empty one. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A text where there is one. */
export function maybeText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

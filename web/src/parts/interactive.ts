/** A field of a form that a FastGPT workflow shows. */
export interface Field {
  readonly key: string
  readonly label: string
  readonly initial: string
  readonly isRequired: boolean
  readonly isNumber: boolean
  /** Given for a choice. */
  readonly options: readonly string[] | undefined
}

/** What a FastGPT workflow asks the user. */
export type Interactive =
  | { readonly type: 'select'; readonly description: string; readonly options: readonly string[] }
  | { readonly type: 'form'; readonly description: string; readonly fields: readonly Field[] }

type Fields = Readonly<Record<string, unknown>>

/** FastGPT's `interactive` event: `userSelect` or `userInput`. Anything else gives `undefined`. */
export function readInteractive(name: string, data: unknown): Interactive | undefined {
  if (name !== 'interactive' || !isFields(data)) return undefined
  const asked = isFields(data['interactive']) ? data['interactive'] : data
  const params = isFields(asked['params']) ? asked['params'] : {}
  const description = textOf(params['description'])
  if (asked['type'] === 'userSelect') {
    const options = listOf(params['userSelectOptions'])
      .map(({ value }) => textOf(value))
      .filter(Boolean)
    return options.length === 0 ? undefined : { type: 'select', description, options }
  }
  if (asked['type'] !== 'userInput') return undefined
  const fields = listOf(params['inputForm'])
    .map(readField)
    .filter(({ key }) => key !== '')
  return fields.length === 0 ? undefined : { type: 'form', description, fields }
}

function readField(field: Fields): Field {
  const key = textOf(field['key'])
  const options = listOf(field['list']).map(({ value, label }) => textOf(value) || textOf(label))
  return {
    key,
    label: textOf(field['label']) || key,
    initial: textOf(field['value'] ?? field['defaultValue']),
    isRequired: field['required'] === true,
    isNumber: field['type'] === 'numberInput',
    options: options.length === 0 ? undefined : options,
  }
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

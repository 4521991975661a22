import { asFields, listOf, maybeNumber, maybeText, numberOf, textOf, type Fields } from './fields.ts'

/** A key as the operator sees it: never the key itself. */
export interface Key {
  readonly id: string
  readonly name: string
  readonly scope: string
  readonly status: string
  readonly models: readonly string[] | undefined
  readonly requestsPerMinute: number | undefined
  readonly tokensPerMinute: number | undefined
  readonly maxConcurrent: number | undefined
  /** As it was written: `5/day`. */
  readonly budget: string | undefined
  /** US dollars of the period that is running. */
  readonly spent: { readonly dollars: number; readonly of: number } | undefined
  /** Milliseconds since 1970. */
  readonly created: number
  readonly expires: number | undefined
}

export function readKeys(answer: unknown): readonly Key[] {
  return listOf(asFields(answer)['data']).map(readKey)
}

function readKey(fields: Fields): Key {
  const limits = asFields(fields['limits'])
  const spent = asFields(fields['spent'])
  const of = maybeNumber(spent['budget_nano_dollars'])
  const expires = maybeNumber(fields['expires_at'])
  const models = fields['models']
  return {
    id: textOf(fields['id']),
    name: textOf(fields['name']),
    scope: textOf(fields['scope']),
    status: textOf(fields['status']),
    models: Array.isArray(models) ? models.map(textOf) : undefined,
    requestsPerMinute: maybeNumber(limits['requests_per_minute']),
    tokensPerMinute: maybeNumber(limits['tokens_per_minute']),
    maxConcurrent: maybeNumber(limits['max_concurrent']),
    budget: maybeText(limits['budget']),
    spent:
      of === undefined
        ? undefined
        : {
            dollars: (numberOf(spent['nano_dollars']) + numberOf(spent['running_nano_dollars'])) / 1e9,
            of: of / 1e9,
          },
    created: numberOf(fields['created']) * 1_000,
    expires: expires === undefined ? undefined : expires * 1_000,
  }
}

/** The key of an answer that shows it, this once. */
export function readIssued(answer: unknown): string | undefined {
  return maybeText(asFields(answer)['key'])
}

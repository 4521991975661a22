import { SluiceError } from '../errors.ts'
import { dayOf, USAGE_GROUPS, type UsageGroup, type UsageQuery } from '../ledger/usage.ts'

/** Days that are meant where a request says none, today included. */
const DAYS = 30
const DAY_MS = 86_400_000

/**
 * What usage is asked for. Throws `invalid_value`.
 *
 * @param now Milliseconds since 1970.
 */
export function queryOf(read: (name: string) => string | undefined, now: number): Omit<UsageQuery, 'owner'> {
  const to = dayIn(read('to'), 'to') ?? dayOf(now)
  const from = dayIn(read('from'), 'from') ?? dayOf(Date.parse(to) - (DAYS - 1) * DAY_MS)
  if (from > to) throw new SluiceError('invalid_value', "'from' is later than 'to'", { param: 'from' })
  return { from, to, by: groupsIn(read('group_by')) }
}

/** A day, or a time that lies in it. */
function dayIn(text: string | undefined, param: string): string | undefined {
  if (text === undefined) return undefined
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  // Date.parse takes February 30 for March 2.
  if (!Number.isNaN(time) && (text.length > 10 || dayOf(time) === text)) return dayOf(time)
  throw new SluiceError('invalid_value', `'${param}' must be a day such as 2026-11-20, in UTC`, { param })
}

function groupsIn(text: string | undefined): readonly UsageGroup[] {
  if (text === '') return []
  return (text ?? 'day,model').split(',').map((word) => {
    const group = USAGE_GROUPS.find((one) => one === word.trim())
    if (group !== undefined) return group
    throw new SluiceError('invalid_value', `'group_by' must be of ${USAGE_GROUPS.join(', ')}`, { param: 'group_by' })
  })
}

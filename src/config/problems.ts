import type { z } from 'zod'
import { SluiceError } from '../errors.ts'
import { redact } from '../provider/redact.ts'
import type { Path, Problem, Source } from './source.ts'

/** Settings whose values are not shown, wherever they stand. */
const SECRET_KEYS: ReadonlySet<string> = new Set(['apiKey', 'headers', 'keyId', 'query', 'secret'])

/** What a schema found, one problem per place. */
export function problemsOf(error: z.ZodError, source: Source | undefined): readonly Problem[] {
  return error.issues.flatMap((issue) => flatten(issue, [], source))
}

function flatten(issue: z.core.$ZodIssue, above: Path, source: Source | undefined): readonly Problem[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))]
  switch (issue.code) {
    case 'unrecognized_keys': {
      const messages = issue.message.split('\n')
      return (
        issue.keys
          .map((key, i) => ({ path: [...path, key], message: messages[i] ?? 'unknown key', atKey: true }))
          // Told by source.ts, because elsewhere the schema drops it in silence.
          .filter((problem) => problem.path.at(-1) !== '__proto__')
      )
    }
    case 'invalid_key':
      return [{ path, message: issue.message, atKey: true }]
    case 'invalid_union': {
      // The branch that got past its own type is the one that was meant; its problems lie deeper.
      const meant = issue.errors.find((issues) =>
        issues.every((inner) => inner.code !== 'invalid_type' || inner.path.length > 0),
      )
      const deeper = meant?.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys')
      if (meant !== undefined && deeper === true) return meant.flatMap((inner) => flatten(inner, path, source))
      return [{ path, message: withFound(issue.message, issue.input, path, source) }]
    }
    default:
      return [{ path, message: withFound(issue.message, issue.input, path, source) }]
  }
}

/** Adds what was found, unless it is or may be a secret. */
function withFound(message: string, found: unknown, path: Path, source: Source | undefined): string {
  if (found === undefined) return `is missing: ${message}`
  const references = source?.referencesAt(path) ?? []
  if (references.length > 0) return `${message}, got the value of ${references.join(' and ')}`
  if (path.some((step) => typeof step === 'string' && SECRET_KEYS.has(step))) return message
  return addFound(message, show(found))
}

/** Before a "did you mean", if there is one. */
function addFound(message: string, found: string): string {
  const [expected = '', guess] = message.split('; did you mean', 2)
  return `${expected}, got ${found}${guess === undefined ? '' : `; did you mean${guess}`}`
}

function show(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value
}

/** A path as people write it: `models.default.targets[0].deadlines.head`. */
export function formatPath(path: Path): string {
  let result = ''
  for (const step of path) {
    if (typeof step === 'number') result += `[${step}]`
    else if (!/^[A-Za-z_][\w-]*$/.test(step)) result += `[${JSON.stringify(step)}]`
    else result += result === '' ? step : `.${step}`
  }
  return result
}

/**
 * All problems as one error, a line each, in the order of the file:
 * `sluice.yaml:12:15 models.default.deadlines.head: expected a duration such as 5s, 250ms or 10m, got "soon"`.
 */
export function configError(problems: readonly Problem[], file?: string, source?: Source): SluiceError {
  const placed = problems.map((problem) => ({ problem, at: source?.position(problem) ?? ([1, 1] as const) }))
  placed.sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1])
  const lines = placed.map(({ problem, at }) => {
    const path = formatPath(problem.path)
    const where = [file === undefined ? '' : `${file}:${at.join(':')}`, path === '' ? '' : `${path}:`]
    const start = where.filter((part) => part !== '').join(' ')
    return `${start}${start === '' || path !== '' ? '' : ':'} ${problem.message}`.trim()
  })
  return new SluiceError('config_invalid', redact([...new Set(lines)].join('\n')))
}

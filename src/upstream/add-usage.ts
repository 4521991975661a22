import type { Usage } from '../completion/chunk.ts'

/** Two attempts' usage as one: numbers are added, in details too; other fields are the later one's. */
export function addUsage(earlier: Usage, later: Usage): Usage {
  return {
    ...earlier,
    ...later,
    ...sums({ ...earlier }, { ...later }),
    prompt_tokens: earlier.prompt_tokens + later.prompt_tokens,
    completion_tokens: earlier.completion_tokens + later.completion_tokens,
    total_tokens: earlier.total_tokens + later.total_tokens,
  }
}

function sums(
  earlier: Readonly<Record<string, unknown>>,
  later: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const total: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(later)) {
    const before = Object.hasOwn(earlier, name) ? earlier[name] : undefined
    if (typeof value === 'number' && typeof before === 'number') total[name] = before + value
    else if (isRecord(value) && isRecord(before)) total[name] = { ...before, ...value, ...sums(before, value) }
  }
  return total
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/**
 * How long a provider asks us to wait, in milliseconds: `retry-after-ms`, `retry-after` (seconds or an
 * HTTP date), else the soonest of its reset fields, which come as Go durations (`6m0s`, OpenAI), Unix
 * seconds (MegaLLM, HolySheep) or Unix milliseconds (FastGPT). `now` is the wall clock.
 */
export function retryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const ms = Number(headers['retry-after-ms'])
  if (headers['retry-after-ms'] !== undefined && Number.isFinite(ms) && ms >= 0) return ms
  const after = headers['retry-after']
  if (after !== undefined) {
    const seconds = Number(after)
    if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000
    const date = Date.parse(after)
    if (!Number.isNaN(date)) return Math.max(0, date - now)
  }
  return reset(headers, now)
}

/** The latest reset among the budgets that are spent; when none says so, the soonest of all. */
function reset(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  let spent: number | undefined
  let soonest: number | undefined
  for (const kind of ['', '-requests', '-tokens']) {
    const ms = resetMs(headers[`x-ratelimit-reset${kind}`], now)
    if (ms === undefined) continue
    soonest = Math.min(ms, soonest ?? ms)
    if (headers[`x-ratelimit-remaining${kind}`] === '0') spent = Math.max(ms, spent ?? ms)
  }
  return spent ?? soonest
}

function resetMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value === '') return undefined
  const plain = Number(value)
  if (Number.isFinite(plain)) {
    if (plain < 0) return undefined
    if (plain > 1e11) return Math.max(0, plain - now)
    if (plain > 1e9) return Math.max(0, plain * 1_000 - now)
    return plain * 1_000
  }
  let total = 0
  let rest = value
  while (rest !== '') {
    const part = /^(\d+(?:\.\d+)?)(ms|s|m|h)/.exec(rest)
    if (part === null) return undefined
    total += Number(part[1]) * (UNITS[part[2] ?? 's'] ?? 1_000)
    rest = rest.slice(part[0].length)
  }
  return total
}

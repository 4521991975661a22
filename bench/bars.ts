import type { Doubt, Summary } from './rounds.ts'
import type { Figure } from './window.ts'

/** What a figure must be, compared with another target's or by itself. */
type Limit =
  | {
      readonly kind: 'times-at-most' | 'times-at-least' | 'more-at-most'
      readonly than: string
      readonly value: number
    }
  | { readonly kind: 'at-most'; readonly value: number }

/** A promise about one figure. */
interface Bar {
  readonly scenario: string
  readonly target: string
  readonly figure: Figure
  readonly limit: Limit
}

/** A bar held against what was measured. */
export interface Verdict {
  readonly scenario: string
  /** What was promised, in words. */
  readonly promise: string
  /** What it is; undefined where something needed for it was not measured, or was measured wrong. */
  readonly actual: number | undefined
  readonly verdict: 'met' | 'missed' | 'not measured'
  /** Of a figure that went into it. */
  readonly doubt: Doubt | undefined
}

/** The bars of the gateway's relay, then what the durable log may cost on top. */
const BARS: readonly Bar[] = [
  times('paced', 'sluice', 'cpuPerToken', 'at-most', 1.15, 'pipe'),
  times('paced', 'sluice', 'cpuPerToken', 'at-most', 2.6, 'nginx'),
  times('paced', 'sluice', 'latencyP99', 'at-most', 1, 'pipe'),
  times('saturated', 'sluice', 'tokensPerSecond', 'at-least', 0.9, 'pipe'),
  atMost('ttft', 'sluice', 'addedTtftP50', 1),
  atMost('ttft', 'sluice', 'addedTtftP99', 5),
  times('short', 'sluice', 'streamsPerSecond', 'at-least', 0.6, 'pipe'),
  atMost('open', 'sluice', 'rssAt10', 40),
  atMost('open', 'sluice', 'rssAt30', 40),
  times('paced', 'sluice-file', 'cpuPerToken', 'at-most', 1.15, 'sluice'),
  more('paced', 'sluice-file', 'latencyP50', 1.5, 'sluice'),
  more('paced', 'sluice-file', 'latencyP99', 5, 'sluice'),
  times('saturated', 'sluice-file', 'tokensPerSecond', 'at-least', 0.85, 'sluice'),
]

/** Judges the bars of the scenarios that ran. */
export function judge(results: ReadonlyMap<string, readonly Summary[]>): Verdict[] {
  return BARS.filter(({ scenario }) => results.has(scenario)).map((bar) =>
    judgeOne(bar, results.get(bar.scenario) ?? []),
  )
}

function judgeOne(bar: Bar, summaries: readonly Summary[]): Verdict {
  const { scenario, target, figure, limit } = bar
  const own = summaries.find((summary) => summary.target === target)
  const other = limit.kind === 'at-most' ? own : summaries.find((summary) => summary.target === limit.than)
  const { actual, met } = compare(limit, valueOf(own, figure), valueOf(other, figure))
  return {
    scenario,
    promise: `${target}: ${figure} ${describe(limit)}`,
    actual: Number.isNaN(actual) ? undefined : actual,
    verdict: Number.isNaN(actual) ? 'not measured' : met ? 'met' : 'missed',
    doubt: own?.doubt ?? other?.doubt,
  }
}

/** NaN for a figure that is missing, or of a target that gave wrong output. */
function valueOf(summary: Summary | undefined, figure: Figure): number {
  return summary === undefined || summary.errors.size > 0 ? Number.NaN : (summary.figures[figure] ?? Number.NaN)
}

function compare(limit: Limit, own: number, other: number): { readonly actual: number; readonly met: boolean } {
  switch (limit.kind) {
    case 'at-most':
      return { actual: own, met: own <= limit.value }
    case 'more-at-most':
      return { actual: own - other, met: own - other <= limit.value }
    case 'times-at-most':
      return { actual: own / other, met: own / other <= limit.value }
    case 'times-at-least':
      return { actual: own / other, met: own / other >= limit.value }
  }
}

function describe(limit: Limit): string {
  switch (limit.kind) {
    case 'at-most':
      return `<= ${limit.value}`
    case 'more-at-most':
      return `<= ${limit.than} + ${limit.value}`
    case 'times-at-most':
      return `<= ${limit.value} x ${limit.than}`
    case 'times-at-least':
      return `>= ${limit.value} x ${limit.than}`
  }
}

function times(
  scenario: string,
  target: string,
  figure: Figure,
  side: 'at-most' | 'at-least',
  value: number,
  than: string,
): Bar {
  return { scenario, target, figure, limit: { kind: `times-${side}`, than, value } }
}

function more(scenario: string, target: string, figure: Figure, value: number, than: string): Bar {
  return { scenario, target, figure, limit: { kind: 'more-at-most', than, value } }
}

function atMost(scenario: string, target: string, figure: Figure, value: number): Bar {
  return { scenario, target, figure, limit: { kind: 'at-most', value } }
}

import { execFileSync } from 'node:child_process'
import { cpus, release } from 'node:os'
import type { Verdict } from './bars.ts'
import type { Doubt, Summary } from './rounds.ts'
import type { Scale, Scenario } from './scenarios.ts'
import type { Figure } from './window.ts'

/** How a figure is headed and written. */
interface Column {
  readonly head: string
  readonly digits: number
  /** Multiplied before it is written. */
  readonly factor?: number
}

const COLUMNS: Readonly<Record<Figure, Column>> = {
  cpuPerToken: { head: 'CPU us/token', digits: 2 },
  cpuPerStream: { head: 'CPU us/stream', digits: 1 },
  tokensPerSecond: { head: 'tokens/s', digits: 0 },
  offeredPerSecond: { head: 'offered/s', digits: 0 },
  streamsPerSecond: { head: 'streams/s', digits: 0 },
  latencyP50: { head: 'latency p50 ms', digits: 3 },
  latencyP99: { head: 'p99 ms', digits: 3 },
  addedLatencyP50: { head: 'added p50 ms', digits: 3 },
  addedLatencyP99: { head: 'added p99 ms', digits: 3 },
  ttftP50: { head: 'TTFT p50 ms', digits: 3 },
  ttftP99: { head: 'p99 ms', digits: 3 },
  addedTtftP50: { head: 'added p50 ms', digits: 3 },
  addedTtftP99: { head: 'added p99 ms', digits: 3 },
  pairedTtft: { head: 'paired ms', digits: 3 },
  rssAt10: { head: 'KB/stream at 10 s', digits: 1 },
  rssAt30: { head: 'at 30 s', digits: 1 },
  targetCore: { head: 'target core %', digits: 0, factor: 100 },
  generatorCpu: { head: 'generator %', digits: 0, factor: 100 },
  loadCore: { head: 'load core %', digits: 0, factor: 100 },
  othersCpu: { head: 'others %', digits: 0, factor: 100 },
}

const MARKS: Readonly<Record<Doubt, string>> = { generator: ' *', noise: ' ?' }

const MEANINGS: Readonly<Record<Doubt, string>> = {
  generator: '`*` provider and load had used up their core and the target had not: the figure is their limit.',
  noise: '`?` other processes used more than a tenth of a core: not to be trusted.',
}

function mark(doubt: Doubt | undefined): string {
  return doubt === undefined ? '' : MARKS[doubt]
}

/** One scenario's table and what must be said about it, as Markdown that reads well in a terminal too. */
export function scenarioText(scenario: Scenario, summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => [
    summary.target + mark(summary.doubt),
    ...scenario.columns.map((figure) => written(figure, summary.figures[figure])),
  ])
  const heads = ['target', ...scenario.columns.map((figure) => COLUMNS[figure].head)]
  return [`## ${scenario.name}: ${scenario.title}`, '', ...table(heads, rows), ...notes(summaries)].join('\n')
}

/** The bars, met or missed. */
export function verdictText(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ scenario, promise, actual, verdict, doubt }) => [
    scenario,
    promise,
    actual === undefined ? '-' : actual.toFixed(2),
    verdict + mark(doubt),
  ])
  return ['## bars', '', ...table(['scenario', 'promise', 'is', ''], rows)].join('\n')
}

/** What it ran on, for RESULTS.md. */
export function machineText(scale: Scale, rounds: number, pinned: boolean): string {
  const [first] = cpus()
  return [
    `- machine: ${first?.model ?? 'unknown'}, ${cpus().length} cores, Linux ${release()}`,
    `- Node ${process.version}; commit ${commit()}; ${new Date().toISOString().slice(0, 10)}`,
    `- ${rounds} rounds of ${scale.seconds} s after ${scale.warmUp} s of warm-up (short: twice that), targets in turn, medians; ` +
      (pinned ? 'target on core 0, provider and load on core 1' : 'NOT PINNED: no second core, or no taskset'),
  ].join('\n')
}

function notes(summaries: readonly Summary[]): string[] {
  const lines: string[] = []
  for (const { target, errors } of summaries) {
    if (errors.size === 0) continue
    lines.push(
      `WRONG OUTPUT from ${target}: ${[...errors].map(([reason, count]) => `${reason} (${count})`).join(', ')}`,
    )
  }
  const doubts = new Set(summaries.map(({ doubt }) => doubt))
  for (const doubt of doubts) if (doubt !== undefined) lines.push(MEANINGS[doubt])
  return lines.length === 0 ? [] : ['', ...lines.map((line) => `> ${line}`)]
}

function written(figure: Figure, value: number | undefined): string {
  const { digits, factor = 1 } = COLUMNS[figure]
  return value === undefined || Number.isNaN(value) ? '-' : (value * factor).toFixed(digits)
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, i) => Math.max(head.length, 3, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, i) => '-'.repeat(width + 1) + (i === 0 ? '-' : ':')).join('|')}|`
  return [line(heads), rule, ...rows.map(line)]
}

function commit(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    const hash = git('rev-parse', '--short', 'HEAD')
    const changed = git('status', '--porcelain', '--', 'src', 'bench', 'package.json') !== ''
    return hash + (changed ? ' with changes' : '')
  } catch {
    return 'none yet'
  }
}

import { numberOf, textOf } from './fields.ts'
import type { TimelineEvent } from './wire.ts'

/** A part of a try: until it was accepted, without text, its text. Times in milliseconds. */
export interface Part {
  readonly kind: 'dial' | 'quiet' | 'flow'
  readonly from: number
  readonly to: number
}

/** One try of a stream, to be drawn. */
export interface Lane {
  readonly provider: string
  /** As the provider names it; empty where the caller's name is sent. */
  readonly model: string
  /** How a cut answer was to be continued; empty for a first try. */
  readonly mode: string
  readonly parts: readonly Part[]
  /** Where two texts were joined. */
  readonly seam: number | undefined
  readonly failure: { readonly at: number; readonly code: string } | undefined
}

/** The tries of a timeline. `until`: how far time has come, for one that is still open. */
export function lanesOf(timeline: readonly TimelineEvent[], until: number): readonly Lane[] {
  const starts = timeline.flatMap(({ type }, i) => (type === 'attempt' ? [i] : []))
  return starts.map((start, n) => laneOf(timeline.slice(start, starts[n + 1]), until))
}

function laneOf(events: readonly TimelineEvent[], until: number): Lane {
  const find = (type: string): TimelineEvent | undefined => events.find((event) => event.type === type)
  const [first] = events
  const [opened, failed, ended, seam] = ['opened', 'failed', 'ended', 'seam'].map(find)
  const from = first?.at ?? 0
  const to = failed?.at ?? ended?.at ?? until
  const mode = textOf(first?.facts['mode'])
  // A continuation has no first token of its own: its text begins where it is joined.
  const text = seam?.at ?? (find('first_token')?.at || undefined)
  const parts: Part[] = [{ kind: 'dial', from, to: opened?.at ?? to }]
  if (opened !== undefined) parts.push({ kind: 'quiet', from: opened.at, to: text ?? to })
  if (text !== undefined) {
    const silent = Math.min(to - text, numberOf(failed?.facts['silent']))
    parts.push({ kind: 'flow', from: text, to: to - silent }, { kind: 'quiet', from: to - silent, to })
  }
  const why = failed ?? (ended?.facts['code'] === undefined ? undefined : ended)
  return {
    provider: textOf(first?.facts['provider']),
    model: textOf(first?.facts['model']),
    mode,
    parts: parts.filter((part) => part.to > part.from),
    seam: seam?.at,
    failure: why === undefined ? undefined : { at: why.at, code: textOf(why.facts['code']) },
  }
}

/** What kind of failure a code is, in a word of the page's catalogue. */
export function kindOf(code: string): 'deadline' | 'cut' | 'refused' | 'limit' | 'ours' {
  if (/timeout$|too_slow$/.test(code)) return 'deadline'
  if (/interrupted$|reset$|connect_failed$|malformed$|too_large$|producer_lost$/.test(code)) return 'cut'
  if (/rate_limit|quota|budget/.test(code)) return 'limit'
  return code === 'cancelled' || code === 'shutting_down' || code === 'key_revoked' ? 'ours' : 'refused'
}

/** Round places on an axis from 0 to `end`, four to seven of them. */
export function ticks(end: number): readonly number[] {
  if (end <= 0) return [0]
  const rough = end / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? rough
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step)
}

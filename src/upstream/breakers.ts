import type { Clock } from '../clock.ts'
import type { Target } from '../provider/provider.ts'
import { afterEvent, closedBreaker, permits, type BreakerEvent, type BreakerState } from './breaker.ts'
import { TargetPass, type Pass, type PassOffice } from './pass.ts'

/** A breaker's state, and how often it has changed its type. */
interface Entry {
  readonly state: BreakerState
  readonly era: number
  /** When it became this type. */
  readonly since: number
}

/** A breaker as an operator sees it. Times in milliseconds, from or until now. */
export interface BreakerView {
  readonly state: BreakerState['type']
  /** How long it has been this type; undefined where it has always been. */
  readonly since: number | undefined
  /** When it is asked again; of an open one only. */
  readonly retryIn: number | undefined
  /** Tries and failures that count now; of a closed one only. */
  readonly tries: number
  readonly failures: number
}

/** What is known of a target from its answers. */
interface Wellness {
  /** When the youngest try that went well was begun. */
  from: number
  /** How long a first text has taken, in milliseconds. */
  slowest: number
}

/** A failure that took longer than this says nothing of now, where a younger try went well, in milliseconds. */
const STALE_MS = 15_000

/**
 * How long a probe waits at least, in milliseconds: nobody else is let through meanwhile. With the longest
 * pause between probes that makes the 30 s within which a recovered target is asked again.
 */
const PROBE_MS = 10_000
/** Targets whose answers are remembered; the oldest is forgotten. */
const MOST_WELL = 10_000

/** The target as it is asked under this pass: a probe that hangs must not keep a recovered target out. */
export function underPass(target: Target, { isProbe, patience }: Pass): Target {
  if (!isProbe) return target
  const { deadlines } = target
  const [head, firstToken] = [Math.min(deadlines.head, patience), Math.min(deadlines.firstToken, patience)]
  return { ...target, deadlines: { ...deadlines, head, firstToken } }
}

/**
 * The breakers of all targets of one gateway: one per provider and model. A breaker listens to those who
 * asked since it last opened, probed or closed. A request that was under way before, and may fail a
 * minute later, says nothing of now: it must not call a second probe beside the first, nor open again
 * what has recovered.
 */
export class Breakers implements PassOffice {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #well = new Map<string, Wellness>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Leave to ask this target for the caller's `model` now, or `undefined` while it is left out. */
  pass(target: Target, model: string): Pass | undefined {
    const key = keyOf(target, model)
    const now = this.#clock.now()
    const permit = permits(this.#entry(key).state, now)
    if (permit === 'no') return undefined
    if (permit === 'probe') this.#tell(key, 'probe')
    return new TargetPass(this, key, now, {
      isProbe: permit === 'probe',
      // Who was slow when it was well is given twice the time.
      patience: Math.max(PROBE_MS, 2 * (this.#well.get(key)?.slowest ?? 0)),
      era: this.#entry(key).era,
    })
  }

  heard(key: string, era: number, event: BreakerEvent): number {
    // What this very pass has brought about is no news to it.
    return this.#entry(key).era === era ? this.#tell(key, event) : era
  }

  /** What is known of each target that has failed: `closed`, `open`, `probing`. */
  states(): ReadonlyMap<string, BreakerState['type']> {
    return new Map([...this.#entries].map(([key, { state }]) => [key, state.type]))
  }

  /** What is known of a target, named `provider/model`; `undefined` where nothing has failed. */
  view(name: string): BreakerView | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    const { state, since, era } = entry
    const now = this.#clock.now()
    return {
      state: state.type,
      since: era === 0 ? undefined : now - since,
      retryIn: state.type === 'open' ? Math.max(0, state.until - now) : undefined,
      tries: state.type === 'closed' ? state.tries : 0,
      failures: state.type === 'closed' ? state.failures : 0,
    }
  }

  /** A provider is another one now: what is known of its targets says nothing any more, nor do those who asked before. */
  reset(provider: string): void {
    for (const [key, { era }] of this.#entries) {
      if (key.startsWith(`${provider}/`)) {
        const now = this.#clock.now()
        this.#entries.set(key, { state: closedBreaker(now), era: era + 1, since: now })
      }
    }
  }

  wentWell(key: string, begun: number): void {
    const ms = this.#clock.now() - begun
    const known = this.#well.get(key)
    if (known !== undefined) {
      known.from = Math.max(known.from, begun)
      // One slow answer is forgotten by and by.
      known.slowest = Math.max(ms, known.slowest * 0.9)
      return
    }
    this.#well.set(key, { from: begun, slowest: ms })
    const [oldest] = this.#well.keys()
    if (this.#well.size > MOST_WELL && oldest !== undefined) this.#well.delete(oldest)
  }

  #entry(key: string): Entry {
    const now = this.#clock.now()
    return this.#entries.get(key) ?? { state: closedBreaker(now), era: 0, since: now }
  }

  isStale(key: string, begun: number): boolean {
    return this.#clock.now() - begun > STALE_MS && begun < (this.#well.get(key)?.from ?? -Infinity)
  }

  /** Gives the era that the event leads to. */
  #tell(key: string, event: BreakerEvent): number {
    const before = this.#entry(key)
    const now = this.#clock.now()
    const state = afterEvent(before.state, event, now)
    const isSame = state.type === before.state.type
    const [era, since] = isSame ? [before.era, before.since] : [before.era + 1, now]
    // Callers choose names where all are passed through: only what has failed is remembered.
    if (state.type === 'closed' && state.failures === 0 && era === 0) this.#entries.delete(key)
    else this.#entries.set(key, { state, era, since })
    return era
  }
}

/** A target's name: what is asked of whom. */
function keyOf({ provider, model }: Target, asked: string): string {
  return `${provider.name}/${model ?? asked}`
}

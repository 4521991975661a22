import type { Clock } from '../clock.ts'
import type { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { afterEvent, closedBreaker, permits, verdict, type BreakerEvent, type BreakerState } from './breaker.ts'

/** A leave to ask a target; say how it went. */
export interface Pass {
  readonly isProbe: boolean
  /** It answers. Counts once. */
  well(): void
  /** It failed, also after it had answered well. */
  ill(error: SluiceError): void
}

/** A breaker's state, and how often it has changed its type. */
interface Entry {
  readonly state: BreakerState
  readonly era: number
}

/** How long a probe waits for a response head, in milliseconds: nobody else is let through meanwhile. */
const PROBE_HEAD_MS = 10_000

/** The target as it is asked under this pass: a probe that hangs must not keep a recovered target out. */
export function underPass(target: Target, { isProbe }: Pass): Target {
  const { deadlines } = target
  return isProbe ? { ...target, deadlines: { ...deadlines, head: Math.min(deadlines.head, PROBE_HEAD_MS) } } : target
}

/**
 * The breakers of all targets of one gateway: one per provider and model. A breaker listens to those who
 * asked since it last opened, probed or closed. A request that was under way before, and may fail a
 * minute later, says nothing of now: it must not call a second probe beside the first, nor open again
 * what has recovered.
 */
export class Breakers {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Leave to ask this target for the caller's `model` now, or `undefined` while it is left out. */
  pass(target: Target, model: string): Pass | undefined {
    const key = keyOf(target, model)
    const permit = permits(this.#entry(key).state, this.#clock.now())
    if (permit === 'no') return undefined
    if (permit === 'probe') this.#tell(key, 'probe')
    let { era } = this.#entry(key)
    const tell = (event: BreakerEvent): void => {
      // What this very pass has brought about is no news to it.
      if (this.#entry(key).era === era) era = this.#tell(key, event)
    }
    let isWell = false
    return {
      isProbe: permit === 'probe',
      well: () => {
        if (!isWell) tell('success')
        isWell = true
      },
      ill: (error) => {
        const event = verdict(error.code)
        if (event === 'failure' || !isWell) tell(event)
      },
    }
  }

  /** What is known of each target that has failed: `closed`, `open`, `probing`. */
  states(): ReadonlyMap<string, BreakerState['type']> {
    return new Map([...this.#entries].map(([key, { state }]) => [key, state.type]))
  }

  #entry(key: string): Entry {
    return this.#entries.get(key) ?? { state: closedBreaker(this.#clock.now()), era: 0 }
  }

  /** Gives the era that the event leads to. */
  #tell(key: string, event: BreakerEvent): number {
    const before = this.#entry(key)
    const state = afterEvent(before.state, event, this.#clock.now())
    const era = state.type === before.state.type ? before.era : before.era + 1
    // Callers choose names where all are passed through: only what has failed is remembered.
    if (state.type === 'closed' && state.failures === 0 && era === 0) this.#entries.delete(key)
    else this.#entries.set(key, { state, era })
    return era
  }
}

/** A target's name: what is asked of whom. */
function keyOf({ provider, model }: Target, asked: string): string {
  return `${provider.name}/${model ?? asked}`
}

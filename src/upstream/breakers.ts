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

/** The breakers of all targets of one gateway: one per provider and model. */
export class Breakers {
  readonly #clock: Clock
  readonly #states = new Map<string, BreakerState>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Leave to ask this target for the caller's `model` now, or `undefined` while it is left out. */
  pass(target: Target, model: string): Pass | undefined {
    const key = keyOf(target, model)
    const now = this.#clock.now()
    const permit = permits(this.#states.get(key) ?? closedBreaker(now), now)
    if (permit === 'no') return undefined
    if (permit === 'probe') this.#tell(key, 'probe')
    let isWell = false
    return {
      isProbe: permit === 'probe',
      well: () => {
        if (!isWell) this.#tell(key, 'success')
        isWell = true
      },
      ill: (error) => {
        const event = verdict(error.code)
        if (event === 'failure' || !isWell) this.#tell(key, event)
      },
    }
  }

  /** What is known of each target that was asked: `closed`, `open`, `probing`. */
  states(): ReadonlyMap<string, BreakerState['type']> {
    return new Map([...this.#states].map(([key, state]) => [key, state.type]))
  }

  #tell(key: string, event: BreakerEvent): void {
    const now = this.#clock.now()
    const state = afterEvent(this.#states.get(key) ?? closedBreaker(now), event, now)
    // Callers choose names where all are passed through: only what has failed is remembered.
    if (state.type === 'closed' && state.failures === 0) this.#states.delete(key)
    else this.#states.set(key, state)
  }
}

/** A target's name: what is asked of whom. */
function keyOf({ provider, model }: Target, asked: string): string {
  return `${provider.name}/${model ?? asked}`
}

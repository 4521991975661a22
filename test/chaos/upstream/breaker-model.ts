import { Breakers, underPass } from '../../../src/upstream/breakers.ts'
import type { Pass } from '../../../src/upstream/pass.ts'
import { SluiceError } from '../../../src/errors.ts'
import { plainProvider, target } from '../../support/gateway.ts'
import { TestClock } from '../../support/clock.ts'
import type { Random } from '../random.ts'
import type { Violations } from '../violations.ts'

/** A target that is back for good may be left out for so long, in milliseconds. */
export const RECOVERY = 30_000

const TARGET = target(plainProvider('http://127.0.0.1:1/v1'), 'm')
const ILL = new SluiceError('provider_unavailable', 'down')
const CALLED_OFF = new SluiceError('cancelled', 'The caller left')
/** How long a schedule lasts until the target is well for good, milliseconds. */
const TROUBLE = 120_000

/** An ill target never answers: everybody waits for the whole deadline of the response head. */
export const SILENT: number = 60_000
/** How long an ill target makes a caller wait at most, milliseconds. */
export const HANGS: readonly number[] = [5, 500, 5_000, SILENT]

/** What came of some schedules. */
export interface ModelResult {
  readonly hangs: number
  readonly schedules: number
  readonly requests: number
  readonly probes: number
  readonly mostProbes: number
  /** The longest time until everybody was let through again. */
  readonly slowestRecovery: number
}

/**
 * Random times of illness on a clock that stands still: requests come, take long or short (an ill
 * target refuses at once or lets everybody wait up to `hangs`), are called off. The real breaker decides.
 */
export function modelSchedules(count: number, hangs: number, random: Random, violations: Violations): ModelResult {
  const sum = { hangs, schedules: count, requests: 0, probes: 0, mostProbes: 0, slowestRecovery: 0 }
  for (let at = 0; at < count; at++) {
    const one = new Schedule(hangs, random.fork(`${hangs} ${at}`)).run()
    sum.requests += one.requests
    sum.probes += one.probes
    sum.mostProbes = Math.max(sum.mostProbes, one.mostProbes)
    sum.slowestRecovery = Math.max(sum.slowestRecovery, one.recovery)
    const where = `schedule ${at} of ${hangs} ms: ${one.mostProbes} probes at a time, back after ${one.recovery} ms`
    violations.expect(one.mostProbes <= 1, 'more than one probe at a time', () => where)
    violations.expect(one.recovery <= RECOVERY, 'a recovery that took more than 30 s', () => where)
  }
  return sum
}

class Schedule {
  readonly #random: Random
  readonly #clock = new TestClock()
  readonly #breakers = new Breakers(this.#clock)
  readonly #turns: readonly number[]
  readonly #hangs: number
  readonly #every: number
  #probesOpen = 0
  requests = 0
  probes = 0
  mostProbes = 0
  recovery = 0

  constructor(hangs: number, random: Random) {
    this.#random = random
    this.#hangs = hangs
    this.#every = random.pick([20, 100, 1_000])
    // Silence is noticed after a whole deadline: short ones are over by then. Half of them last.
    const turns = hangs === SILENT && random.chance(0.5) ? [0, random.below(30_000), TROUBLE] : []
    if (turns.length === 0) for (let at = 0; at < TROUBLE; at += random.magnitude(200, 40_000)) turns.push(at)
    this.#turns = turns
  }

  run(): this {
    const origin = this.#clock.now()
    // Ill and well by turns; well for good after the trouble.
    const isIll = (at: number): boolean => at < TROUBLE && this.#turns.filter((turn) => turn <= at).length % 2 === 0
    let lastKeptOut = TROUBLE
    for (let at = 0; at < TROUBLE + RECOVERY * 2; at += this.#every) {
      this.#clock.advance(origin + at - this.#clock.now())
      const pass = this.#breakers.pass(TARGET, 'm')
      if (pass === undefined) lastKeptOut = Math.max(lastKeptOut, at)
      else this.#ask(pass, isIll(at))
    }
    this.recovery = lastKeptOut - TROUBLE
    return this
  }

  #ask(pass: Pass, isIll: boolean): void {
    const random = this.#random
    this.requests++
    if (pass.isProbe) {
      this.probes++
      this.mostProbes = Math.max(this.mostProbes, ++this.#probesOpen)
    }
    const hangs = Math.min(this.#hangs, underPass(TARGET, pass).deadlines.head)
    const ms = isIll ? (this.#hangs === SILENT ? hangs : random.magnitude(1, hangs)) : random.between(1, 400)
    const isCalledOff = random.chance(0.05)
    this.#clock.after(isCalledOff ? random.below(ms) : ms, () => {
      if (pass.isProbe) this.#probesOpen--
      if (isCalledOff) pass.ill(CALLED_OFF)
      else if (isIll) pass.ill(ILL)
      else pass.well()
      // Some that began well break off later.
      if (!isIll && !isCalledOff && random.chance(0.02))
        this.#clock.after(random.magnitude(1, 20_000), () => pass.ill(ILL))
    })
  }
}

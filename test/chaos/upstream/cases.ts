import type { Continuation, Deadlines } from '../../../src/provider/provider.ts'
import { FAULTS, type FaultName } from '../../../src/simulator/index.ts'
import type { Random } from '../random.ts'
import type { TwoTargets } from './rig.ts'

/** One try of one fault. */
export interface FaultCase extends TwoTargets {
  /** The row of the table it belongs to. */
  readonly row: string
  readonly fault: FaultName
  readonly stream: boolean
  readonly question: string
  /** The healthy model whose answer the reader is to get. */
  readonly healthy: string
  readonly hasTools: boolean
  /** One request goes to the first target beforehand: what flaps answers that one and refuses the next. */
  readonly isWarm: boolean
}

const CONTINUATIONS: readonly [Continuation, ...Continuation[]] = [
  'none',
  'continue_final_message',
  'prefix',
  'trailing_assistant',
]
const QUESTIONS: readonly [string, ...string[]] = [
  'Tell me a story about a lighthouse',
  'Расскажи о космосе',
  '为什么天空是蓝色的？',
  'Write a function in Python that sorts a list',
]
const TOKENS = 60
/** Where a fault with a place in tokens happens: before the first, around the middle, around the last. */
const PLACES: readonly number[] = [0, 1, 7, 30, TOKENS - 1, TOKENS]
/** Each of these costs the simulator or the gateway some hundred megabytes. */
const HEAVY: ReadonlySet<FaultName> = new Set(['gzip-bomb', 'huge-event', 'unterminated-line'])
/** Short, so that a fault that only a deadline ends is soon over; long enough for a busy machine. */
const SHORT: Partial<Deadlines> = { connect: 5_000, head: 1_500, firstToken: 1_500, betweenTokens: 1_200 }
/** These go on as long as they are let. */
const ENDLESS: ReadonlySet<FaultName> = new Set(['endless'])

const FAULT_NAMES: readonly FaultName[] = Object.keys(FAULTS).filter((name): name is FaultName => name in FAULTS)

/** How much of the matrix. */
export interface Extent {
  /** Every place and every way to continue, or one of each per fault. */
  readonly whole: boolean
  /** Pairs of faults, one in each target. */
  readonly pairs: number
}

/** The cases: every fault of the simulator at several places, for each way to continue, streamed or not. */
export function faultCases({ whole, pairs }: Extent, random: Random): readonly FaultCase[] {
  const cases: FaultCase[] = []
  const add = (fault: FaultName, place: number | undefined, continuation: Continuation, stream: boolean): void => {
    cases.push(oneCase(cases.length, fault, place, continuation, stream, random))
  }
  for (const fault of FAULT_NAMES) {
    const isPlaced = FAULTS[fault].at?.unit === 'token'
    const places = fault === 'flapping' ? [1] : !isPlaced ? [undefined] : HEAVY.has(fault) || !whole ? [30] : PLACES
    const ways = whole && !HEAVY.has(fault) ? CONTINUATIONS : [random.pick(CONTINUATIONS)]
    for (const place of places) for (const way of ways) add(fault, place, way, true)
    if (whole) add(fault, fault === 'flapping' ? 1 : undefined, 'none', false)
  }
  for (let pair = 0; pair < pairs; pair++) cases.push(pairCase(cases.length, random))
  return cases
}

function oneCase(
  at: number,
  fault: FaultName,
  place: number | undefined,
  continuation: Continuation,
  stream: boolean,
  random: Random,
): FaultCase {
  // A name of its own for each case: the simulator counts requests by it.
  const healthy = `sim:tokens=${TOKENS},interval=1ms,first=${(1 + at / 1e5).toFixed(5)}ms`
  const faulty = `${healthy},fault=${fault}${place === undefined ? '' : `@${place}`}`
  const refuses = fault === 'refuse-prefill'
  return {
    name: `case-${at}`,
    row: stream ? fault : `${fault} (not streamed)`,
    fault,
    // Nobody is asked to prefill before something has gone wrong.
    first: refuses ? `${healthy},fault=cut@30` : faulty,
    second: refuses ? faulty : healthy,
    continuation: refuses && continuation === 'none' ? 'prefix' : continuation,
    deadlines: ENDLESS.has(fault) ? { ...SHORT, total: 3_000 } : SHORT,
    isWarm: fault === 'flapping',
    stream,
    question: random.pick(QUESTIONS),
    healthy,
    hasTools: fault === 'duplicate-tool-index',
  }
}

/** Both targets go wrong: whatever comes of it must be honest. */
function pairCase(at: number, random: Random): FaultCase {
  const light = FAULT_NAMES.filter((name) => !HEAVY.has(name) && !ENDLESS.has(name))
  const one = (): string => {
    const fault = light[random.below(light.length)] ?? 'cut'
    return FAULTS[fault].at?.unit === 'token' ? `${fault}@${random.between(0, TOKENS)}` : fault
  }
  const drawn = oneCase(at, 'cut', undefined, random.pick(CONTINUATIONS), true, random)
  const [first, second] = [one(), one()]
  return {
    ...drawn,
    row: 'two faults at once',
    first: `${drawn.healthy},fault=${first}`,
    second: `${drawn.healthy},fault=${second}`,
    secondDeadlines: SHORT,
  }
}

import { answerFor, type FaultName } from '../../../src/simulator/index.ts'
import { table } from '../table.ts'
import type { Violations } from '../violations.ts'
import { ask } from './reading.ts'
import { inLanes, startRescueRig, type TwoTargets } from './rig.ts'

/** How long the first target may keep silent, in milliseconds. */
const DEADLINE = 1_000
/** How long after that the other one's first text may take. */
const GRACE = 1_000
/** Targets that say nothing, each in its way. */
const SILENT: readonly FaultName[] = ['no-answer', 'slow-first', 'stall', 'endless-comments', 'comments-first']
const MESSAGES = [{ role: 'user', content: 'Why is the sky blue?' }]

/** A first target that says nothing: how soon the second one's text is there. Gives the table. */
export async function firstByteTable(each: number, violations: Violations): Promise<string> {
  const second = 'sim:tokens=20,interval=1ms,first=1ms'
  const routes = SILENT.flatMap((fault) => Array.from({ length: each }, (_, at) => silentRoute(fault, at, second)))
  await using rig = await startRescueRig(routes.map(({ route }) => route))
  const times = new Map<FaultName, number[]>()
  const truth = answerFor({ model: second, messages: MESSAGES })
  await inLanes(routes.length, routes, async ({ route, fault }) => {
    const reading = await ask(rig.url, { model: route.name, messages: MESSAGES, stream: true, patience: 30_000 })
    const firstAt = reading.firstAt ?? Infinity
    times.set(fault, [...(times.get(fault) ?? []), firstAt])
    const where = `${route.first}: ${reading.end}, first text after ${Math.round(firstAt)} ms`
    violations.expect(firstAt <= DEADLINE + GRACE, 'first text later than the deadline and a second', () => where)
    violations.expect(firstAt >= DEADLINE * 0.9, 'first text before the deadline', () => where)
    violations.expect(reading.end === 'done' && reading.text === truth, 'a fallback that is not whole', () => where)
  })
  const rows = [...times].map(([fault, all]) => {
    const sorted = all.toSorted((a, b) => a - b)
    return [fault, all.length, DEADLINE, Math.round(sorted[sorted.length >> 1] ?? 0), Math.round(sorted.at(-1) ?? 0)]
  })
  return table(['first target', 'streams', 'deadline ms', 'first text ms, median', 'longest'], rows)
}

function silentRoute(
  fault: FaultName,
  at: number,
  second: string,
): { readonly route: TwoTargets; readonly fault: FaultName } {
  const place = fault === 'stall' ? '@0' : fault === 'slow-first' || fault === 'comments-first' ? '@60000' : ''
  const route: TwoTargets = {
    name: `${fault}-${at}`,
    first: `${second},fault=${fault}${place}`,
    second,
    continuation: 'none',
    deadlines: { head: DEADLINE, firstToken: DEADLINE },
  }
  return { route, fault }
}

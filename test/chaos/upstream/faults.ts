import { answerFor } from '../../../src/simulator/index.ts'
import { seconds, table } from '../table.ts'
import type { Violations } from '../violations.ts'
import type { FaultCase } from './cases.ts'
import { judge, type Truth } from './judge.ts'
import { ask, type Reading } from './reading.ts'
import { inLanes, startRescueRig, type RescueRig } from './rig.ts'

/** An answer that is not there by then never comes. */
const PATIENCE = 45_000
/** Cases at a time. */
const AT_ONCE = 24
/** More requests than this for one answer would be hammering: two per target, then two ways to go on with each. */
const MOST_TRIES = 8

/** A tool that a question about the weather calls. */
export const TOOL: object = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather at a place',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

/** One row: a fault and what came of its cases. */
interface Row {
  readonly outcomes: Map<string, number>
  cases: number
  tries: number
  longest: number
}

/** Runs the cases and gives the table. */
export async function faultTable(cases: readonly FaultCase[], violations: Violations): Promise<string> {
  await using rig = await startRescueRig(cases)
  const rows = new Map<string, Row>()
  await inLanes(AT_ONCE, cases, async (one) => {
    const { reading, tries, outcome } = await tryOne(one, rig, violations)
    const row = rows.get(one.row) ?? { outcomes: new Map(), cases: 0, tries: 0, longest: 0 }
    rows.set(one.row, row)
    row.cases++
    row.outcomes.set(outcome, (row.outcomes.get(outcome) ?? 0) + 1)
    row.tries = Math.max(row.tries, tries)
    row.longest = Math.max(row.longest, reading.ms)
  })
  const order = [...new Set(cases.map(({ row }) => row))]
  const shown = order.flatMap((name) => {
    const row = rows.get(name)
    if (row === undefined) return []
    const outcomes = [...row.outcomes].toSorted(([, a], [, b]) => b - a)
    const told = outcomes.map(([outcome, count]) => (count === row.cases ? outcome : `${count} ${outcome}`)).join(', ')
    return [[name, row.cases, row.tries, seconds(row.longest), told]]
  })
  return table(['fault', 'cases', 'tries', 'longest', 'outcome'], shown)
}

async function tryOne(
  one: FaultCase,
  rig: RescueRig,
  violations: Violations,
): Promise<{ readonly reading: Reading; readonly tries: number; readonly outcome: string }> {
  const messages = [
    { role: 'user', content: one.hasTools ? 'What is the weather in Paris and in Rome?' : one.question },
  ]
  const tools = one.hasTools ? { tools: [TOOL] } : undefined
  const question = { model: one.name, messages, stream: one.stream, extra: tools, patience: PATIENCE }
  if (one.isWarm) await ask(rig.simulator.url, { ...question, model: one.first })
  const before = triesOf(rig, one)
  const reading = await ask(rig.url, question)
  const tries = triesOf(rig, one) - before
  const { outcome, wrong } = judge(reading, await truthOf(one, rig, messages, tools))
  const where = `${one.name} ${one.first} -> ${one.second} (${one.continuation}), ${one.question}`
  for (const what of wrong) violations.add(what.replace(/: .*/s, ''), `${where}: ${what}`)
  violations.expect(tries <= MOST_TRIES, 'more tries than may be', () => `${where}: ${tries}`)
  const isBlind = CALLERS_OWN.has(one.fault) && one.row !== 'two faults at once' && tries > 1
  violations.expect(!isBlind, 'a refusal of the request itself was tried again', () => where)
  const isSaved = outcome === 'whole' || MAY_FAIL.has(one.fault) || one.row === 'two faults at once'
  violations.expect(isSaved, 'an answer that could have been saved', () => `${where}: ${outcome}`)
  return { reading, tries, outcome }
}

/** The mistake is in the request: the same answer would come from everybody. */
const CALLERS_OWN: ReadonlySet<string> = new Set(['http-400', 'context-length', 'content-filter-400'])
/** Beside those: an answer that has its end, and one that never has. */
const MAY_FAIL: ReadonlySet<string> = new Set([...CALLERS_OWN, 'content-filter', 'endless'])

/** Requests that reached the simulator for this case, whose model names are its own. */
function triesOf({ simulator }: RescueRig, { first, second }: FaultCase): number {
  return simulator.requests.filter(({ model }) => model === first || model === second).length
}

async function truthOf(
  { healthy, fault, row }: FaultCase,
  { simulator }: RescueRig,
  messages: readonly object[],
  extra: object | undefined,
): Promise<Truth> {
  const mayBeFiltered = fault === 'content-filter' || row === 'two faults at once'
  const mayGoOn = fault === 'endless'
  if (extra === undefined) {
    return { text: answerFor({ model: healthy, messages }), calls: [], mayBeFiltered, mayGoOn }
  }
  const undisturbed = await ask(simulator.url, { model: healthy, messages, extra, stream: false, patience: PATIENCE })
  return { text: '', calls: undisturbed.calls, mayBeFiltered, mayGoOn }
}

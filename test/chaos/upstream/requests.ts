import type { Continuation } from '../../../src/provider/provider.ts'
import { answerFor } from '../../../src/simulator/index.ts'
import { table } from '../table.ts'
import type { Violations } from '../violations.ts'
import { TOOL } from './faults.ts'
import { judge } from './judge.ts'
import { ask } from './reading.ts'
import { inLanes, startRescueRig, type RescueRig, type TwoTargets } from './rig.ts'

const TOKENS = 60
const AT_ONCE = 16
const PATIENCE = 45_000
/** Tokens that an instructed continuation may say again, or say after the caller's limit. */
const MOST_AGAIN = 40
const QUESTION = 'Why is the sky blue?'
const HEALTHY = `sim:tokens=${TOKENS},interval=0,first=0`
/** Of the same deployment these make the same answer again. */
const REPEATABLE = { seed: 7, temperature: 0 }
const SCHEMA = {
  type: 'object',
  properties: { title: { type: 'string' }, summary: { type: 'string' } },
  required: ['title', 'summary'],
}

/** A kind of request, and what may become of it once it is cut. */
interface Kind {
  readonly name: string
  readonly extra: object
  readonly question?: string
  /** Options of the simulator's model. */
  readonly options?: string
  /** The answer is cut the first time only, and is made again by the same target, which is paid twice. */
  readonly isRegenerated?: true
  /** From which token of the response on it cannot be continued; never, unless told. */
  readonly lostFrom?: number
}

const KINDS: readonly Kind[] = [
  { name: 'plain text', extra: {} },
  { name: 'stop sequences', extra: { stop: stops() } },
  { name: 'max_tokens', extra: { max_tokens: 41 } },
  { name: 'max_completion_tokens', extra: { max_completion_tokens: 17 } },
  {
    name: 'tools, held back',
    extra: { tools: [TOOL], hold_tool_calls: true },
    question: 'What is the weather in Paris?',
  },
  { name: 'tools', extra: { tools: [TOOL] }, question: 'What is the weather in Paris?', lostFrom: 1 },
  { name: 'reasoning before the text', extra: {}, options: ',reasoning=20', lostFrom: 1 },
  { name: 'a JSON schema, seed, temperature 0', extra: { ...REPEATABLE, ...schema() }, isRegenerated: true },
  { name: 'tools not called, seed, temperature 0', extra: { ...REPEATABLE, tools: [TOOL] }, isRegenerated: true },
  { name: 'a JSON schema', extra: schema(), lostFrom: 1 },
  { name: 'logprobs', extra: { logprobs: true }, lostFrom: 1 },
  { name: 'two choices', extra: { n: 2 }, lostFrom: 1 },
]

/** One request, cut after so many tokens. */
interface Cut extends TwoTargets {
  readonly kind: Kind
  readonly token: number
}

/** Requests of each kind, cut at every `step`th token. Gives the table. */
export async function requestTable(step: number, violations: Violations): Promise<string> {
  const cuts = KINDS.flatMap((kind, at) => cutsOf(kind, at, step))
  await using rig = await startRescueRig(cuts)
  const rows = new Map(KINDS.map(({ name }) => [name, { cuts: 0, whole: 0, errors: 0 }]))
  await inLanes(AT_ONCE, cuts, async (cut) => {
    const row = rows.get(cut.kind.name)
    const isWhole = await tryOne(cut, rig, violations)
    if (row === undefined) return
    row.cuts++
    if (isWhole) row.whole++
    else row.errors++
  })
  const shown = [...rows].map(([name, { cuts: all, whole, errors }]) => [name, all, whole, errors])
  return table(['request', 'cuts', 'whole', 'honest errors'], shown)
}

async function tryOne(cut: Cut, { url, simulator }: RescueRig, violations: Violations): Promise<boolean> {
  const { kind, token, continuation } = cut
  const asked = { messages: [{ role: 'user', content: kind.question ?? QUESTION }], stream: true, extra: kind.extra }
  const undisturbed = await ask(simulator.url, { ...asked, model: cut.second, stream: false, patience: PATIENCE })
  const reading = await ask(url, { ...asked, model: cut.name, patience: PATIENCE })
  const truth = { ...undisturbed, mayBeFiltered: false, mayGoOn: false }
  const { outcome, wrong } = judge(reading, truth)
  const where = `${kind.name}, ${cut.first} (${cut.continuation})`
  for (const what of wrong) violations.add(what.replace(/: .*/s, ''), `${where}: ${what}`)
  const mayFail = kind.lostFrom !== undefined && token >= kind.lostFrom
  violations.expect(
    outcome === 'whole' || mayFail,
    'an answer that could have been saved',
    () => `${where}: ${outcome}`,
  )
  if (outcome !== 'whole') return false
  // What was cut is counted by its chunks, the rest by its provider; here a chunk is a token.
  const { completionTokens: told } = reading
  const whole = undisturbed.completionTokens ?? 0
  // By instruction the last words are said again; regenerated, all of it is. Both are paid again.
  const again = kind.isRegenerated ? token : continuation === 'none' ? MOST_AGAIN : 0
  const isCounted = token === 0 || (told !== undefined && told >= whole && told <= whole + again)
  violations.expect(isCounted, 'tokens told wrong', () => `${where}: ${told}, not ${whole} to ${whole + again}`)
  return true
}

function cutsOf(kind: Kind, at: number, step: number): readonly Cut[] {
  const cuts: Cut[] = []
  const second = HEALTHY + (kind.options ?? '')
  const ways: readonly Continuation[] = ['continue_final_message', 'none']
  for (const continuation of ways) {
    for (let token = 0; token <= TOKENS; token += step) {
      const name = `request-${at}-${continuation}-${token}`
      // A name of its own: what is cut once is counted by it.
      const own = `sim:tokens=${TOKENS},interval=0,first=${((cuts.length + 1) / 1e5).toFixed(5)}ms${kind.options ?? ''}`
      const first = kind.isRegenerated ? `${own},fault=cut-once@${token}` : `${second},fault=cut@${token}`
      cuts.push({ name, first, second, continuation, deadlines: {}, kind, token })
    }
  }
  return cuts
}

/** Two pieces of the answer's own text, so that cuts go through them. */
function stops(): readonly string[] {
  const text = answerFor({ model: HEALTHY, messages: [{ role: 'user', content: QUESTION }] })
  const at = Math.floor(text.length * 0.6)
  return ['never said', text.slice(at, at + 14)]
}

function schema(): object {
  return { response_format: { type: 'json_schema', json_schema: { name: 'story', schema: SCHEMA } } }
}

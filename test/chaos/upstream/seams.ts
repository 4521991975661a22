import type { Continuation } from '../../../src/provider/provider.ts'
import { answerFor } from '../../../src/simulator/index.ts'
import { table } from '../table.ts'
import type { Violations } from '../violations.ts'
import { compare } from './judge.ts'
import { ask } from './reading.ts'
import { inLanes, startRescueRig, type RescueRig, type TwoTargets } from './rig.ts'

const TOKENS = 200
const AT_ONCE = 16
const MOST_OVERLAP = 30
/** Exact joins among the instructed ones, at the least. */
const BAR = 0.99
const PREFILLS: readonly Continuation[] = ['continue_final_message', 'prefix', 'trailing_assistant']

const TEXTS: readonly (readonly [name: string, question: string])[] = [
  ['English', 'Tell me a story about a lighthouse keeper'],
  ['Russian', 'Расскажи сказку о старом маяке'],
  ['Chinese', '请给我讲一个关于灯塔的故事'],
  ['Markdown with code', 'Write a Python function that parses a CSV file and explain how it works'],
]

/** How much of it. */
export interface SeamExtent {
  /** Every so manieth token is cut at; 1 is every one. */
  readonly step: number
  /** Overlaps tried at each cut, spread over 0 to 30 so that neighbours differ; 31 is all of them. */
  readonly overlaps: number
}

/** One cut, and how it is to be mended. */
interface Cut extends TwoTargets {
  readonly text: string
  readonly question: string
  /** Characters that are repeated whatever was asked for; undefined: those that were asked for. */
  readonly overlap: number | undefined
  readonly row: (typeof WAYS)[number]
}

/** An instruction asks for the last words again: models that do as they are told, and models that do not. */
const WAYS = ['prefill', 'instruction', 'instruction, preamble', 'disobeyed', 'disobeyed, preamble'] as const

/** What came of one text's cuts, mended in one way. */
interface Row {
  cuts: number
  /** Cuts after which nothing was repeated, and how many of them were joined exactly. */
  plain: number
  plainExact: number
  exact: number
  lost: number
  repeated: number
}

const NOTHING: Row = { cuts: 0, plain: 0, plainExact: 0, exact: 0, lost: 0, repeated: 0 }

/** Cuts four answers everywhere and mends them in every way. Gives the table. */
export async function seamTable(extent: SeamExtent, violations: Violations): Promise<string> {
  const cuts = TEXTS.flatMap(([text, question], at) => cutsOf(text, question, at, extent))
  await using rig = await startRescueRig(cuts)
  // In the order of the cuts, not of the answers.
  const rows = new Map(cuts.map(({ text, row }) => [`${text}\t${row}`, { ...NOTHING }]))
  const truths = new Map(TEXTS.map(([text, question]) => [text, truthOf(question)]))
  await inLanes(AT_ONCE, cuts, (cut) => mend(cut, truths.get(cut.text) ?? '', rig, rows, violations))
  const shown = [...rows].map(([name, { cuts: all, exact, plain, plainExact, lost, repeated }]) => {
    const [text = '', way = ''] = name.split('\t')
    // One miss among a few says nothing of the rate.
    const isSure = !way.startsWith('disobeyed')
    const most = isSure ? 0 : Math.max(1, Math.floor(all * (1 - BAR)))
    const misses = plain - plainExact
    violations.expect(misses <= Math.max(1, plain * (1 - BAR)), 'too few exact joins without overlap', () => name)
    violations.expect(all - exact <= most, 'too few exact joins', () => `${text}, ${way}: ${exact} of ${all}`)
    return [text, way, all, exact, percent(exact, all), percent(plainExact, plain), lost, repeated]
  })
  const head = ['text', 'rescued by', 'cuts', 'exact', 'rate', 'without overlap', 'characters lost', 'repeated']
  return table(head, shown)
}

function percent(part: number, all: number): string {
  return all === 0 ? '-' : `${((part / all) * 100).toFixed(2)} %`
}

function truthOf(question: string): string {
  return answerFor({ model: `sim:tokens=${TOKENS}`, messages: [{ role: 'user', content: question }] })
}

function cutsOf(text: string, question: string, at: number, { step, overlaps }: SeamExtent): readonly Cut[] {
  const cuts: Cut[] = []
  const healthy = `sim:tokens=${TOKENS},interval=0,first=0,split=64k`
  const add = (token: number, row: Cut['row'], continuation: Continuation, overlap?: number): void => {
    const options =
      (overlap === undefined ? '' : `,overlap=${overlap}`) + (row.endsWith('preamble') ? ',preamble=1' : '')
    cuts.push({
      name: `seam-${at}-${cuts.length}`,
      first: `${healthy},fault=cut@${token}`,
      second: healthy + options,
      continuation,
      deadlines: {},
      text,
      question,
      overlap,
      row,
    })
  }
  for (let token = 0; token <= TOKENS; token += step) {
    add(token, 'prefill', PREFILLS[token % PREFILLS.length] ?? 'prefix')
    add(token, 'instruction', 'none')
    add(token, 'instruction, preamble', 'none')
    for (let i = 0; i < overlaps; i++) {
      // 31 and 7 have no common divisor: neighbouring cuts try different overlaps.
      const overlap = (token * 7 + Math.floor((i * (MOST_OVERLAP + 1)) / overlaps)) % (MOST_OVERLAP + 1)
      add(token, (token + i) % 2 === 1 ? 'disobeyed, preamble' : 'disobeyed', 'none', overlap)
    }
  }
  return cuts
}

async function mend(
  cut: Cut,
  truth: string,
  rig: RescueRig,
  rows: Map<string, Row>,
  violations: Violations,
): Promise<void> {
  const messages = [{ role: 'user', content: cut.question }]
  const { text, end, error } = await ask(rig.url, { model: cut.name, messages, stream: true, patience: 60_000 })
  const name = `${cut.text}\t${cut.row}`
  const row = rows.get(name)
  if (row === undefined) return
  row.cuts++
  const isExact = end === 'done' && text === truth
  if (cut.overlap === 0) row.plain++
  if (cut.overlap === 0 && isExact) row.plainExact++
  if (isExact) return void row.exact++
  const { at, lost, extra } = compare(text, truth)
  row.lost += lost.length
  row.repeated += extra.length
  const around = JSON.stringify(truth.slice(Math.max(0, at - 30), at + 10))
  const what = `${cut.first} -> ${cut.second}: ${end} ${error?.code ?? ''}, around ${around}`
  const where = `${cut.text}, ${what}: lost ${JSON.stringify(lost)}, too much ${JSON.stringify(extra)}`
  if (end !== 'done' || !cut.row.startsWith('disobeyed')) violations.add('a cut answer that was not mended', where)
  else inexact.push(where)
}

/** Joins by instruction that were not exact: allowed up to the bar, and worth a look. */
export const inexact: string[] = []

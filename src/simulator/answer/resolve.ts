/**
 * What is said next in a conversation: an answer, or the rest of one that was interrupted. The rest is
 * found by the position of the partial text, as an engine would go on from it, not by any mark of ours.
 */
import { composeAnswer, composeProse } from '../text/compose.ts'
import type { Question } from '../text/compose.ts'
import { corpusFor } from '../text/blocks.ts'
import { CORPORA } from '../text/corpus/all.ts'
import { hash, seeded } from '../text/random.ts'
import { tokenize } from '../text/tokenize.ts'
import type { ModelSpec } from '../model-name.ts'
import type { Format, Turn } from './chat-request.ts'
import { hintsOf } from './hints.ts'
import { schemaInstance } from './schema.ts'

/** Composes an answer; a memory of what was composed fits here. */
export type Compose = (question: Question, seed: number, tokens: number | undefined) => readonly string[]

/** What an answer depends on beside the conversation. */
export interface Terms {
  readonly spec: ModelSpec
  readonly seed: number
  readonly format: Format
  readonly compose?: Compose | undefined
}

/** What is said next. */
export interface Said {
  readonly tokens: readonly string[]
  /** What is being answered. */
  readonly question: Question
  /** `fresh` for an answer from its start; the rest are continuations, which do not reason or call tools. */
  readonly kind: 'fresh' | 'prefill' | 'instructed'
}

/** Continuations of continuations that are looked through. */
const DEPTH = 6
/** Tokens of a continuation whose beginning nobody here has written. */
const FOREIGN_TOKENS = 60
const MOST_OVERLAP = 30
/** What stands between tags, or in quotation marks. */
const QUOTED = /<(?:\w+)>([^]+?)<\/\w+>|[“«「]([^]+?)[”»」]|"([^"]+)"/g

/** What is said next in this conversation. */
export function resolve(turns: readonly Turn[], terms: Terms, depth: number = 0): Said {
  const last = turns.at(-1)
  if (last?.role === 'assistant' && turns.length > 1) return prefilled(turns, last.text, terms, depth)
  if (last?.role === 'user' && turns.at(-2)?.role === 'assistant' && depth < DEPTH) {
    const rest = instructed(turns, last.text, terms, depth)
    if (rest !== undefined) return rest
  }
  const question = questionOf(turns)
  return { tokens: answerTokens(question, terms), question, kind: 'fresh' }
}

/** A trailing assistant message: the answer goes on at exactly that character. */
function prefilled(turns: readonly Turn[], partial: string, terms: Terms, depth: number): Said {
  const whole = depth < DEPTH ? resolve(turns.slice(0, -1), terms, depth + 1) : undefined
  if (whole?.tokens.join('').startsWith(partial))
    return { ...whole, tokens: dropCharacters(whole.tokens, partial.length), kind: 'prefill' }
  const question = questionOf(turns.slice(0, -1))
  const tokens = composeProse({ text: partial === '' ? question.text : partial }, terms.seed, FOREIGN_TOKENS)
  return { tokens, question, kind: 'prefill' }
}

/** Question, partial answer, "go on": the rest of the answer, as chatty as the model's name asks. */
function instructed(turns: readonly Turn[], instruction: string, terms: Terms, depth: number): Said | undefined {
  const partial = turns.at(-2)?.text ?? ''
  const before = turns.slice(0, -2)
  if (partial === '' || before.length === 0 || before.at(-1)?.role === 'assistant') return undefined
  const whole = resolve(before, terms, depth + 1)
  const text = whole.tokens.join('')
  if (!text.startsWith(partial) || !isInstruction(instruction, partial.length === text.length)) return undefined
  const corpus = corpusFor(whole.question.text)
  const random = seeded(hash(`${partial.length}`, terms.seed))
  const told = terms.spec.overlap ?? quotedEnd(instruction, partial)
  const wanted = told === 'random' ? random.below(MOST_OVERLAP + 1) : told
  const from = wholeCharacter(text, Math.max(partial.length - wanted, 0))
  const preamble = terms.spec.preamble ? tokenize(random.pick(corpus.preambles)) : []
  return { ...whole, tokens: [...preamble, ...dropCharacters(whole.tokens, from)], kind: 'instructed' }
}

/** How much of the partial answer's end the instruction quotes, in UTF-16 units: an obedient model begins with it. */
function quotedEnd(instruction: string, partial: string): number {
  const text = partial.trimEnd()
  for (const [, ...quotes] of instruction.matchAll(QUOTED)) {
    const quoted = quotes.find((each) => each !== undefined) ?? ''
    if (quoted !== '' && text.endsWith(quoted)) return partial.length - text.length + quoted.length
  }
  return 0
}

/**
 * After a partial answer, anything that is not plainly a new question asks for the rest. After a whole
 * answer only the wording can tell.
 */
function isInstruction(text: string, whole: boolean): boolean {
  const corpora = Object.values(CORPORA)
  if (corpora.some((corpus) => corpus.goOn.test(text.slice(0, 2_000)))) return true
  if (whole) return false
  const asks = /[?？؟]\s*$/.test(text)
  const { story, code, table, list } = corpusFor(text).cues
  return !asks && ![story, code, table, list].some((cue) => cue?.test(text))
}

/** What is being asked: the last user message, and what tools returned since. */
export function questionOf(turns: readonly Turn[]): Question {
  const at = turns.findLastIndex((turn) => turn.role === 'user')
  const text = turns[at]?.text ?? turns.at(-1)?.text ?? ''
  const since = turns.slice(at + 1)
  const names = new Map(since.flatMap((turn) => turn.calls.map((call) => [call.id, call.name] as const)))
  const results = since
    .filter((turn) => turn.role === 'tool')
    .map((turn) => ({ name: names.get(turn.callId ?? '') ?? 'tool', content: turn.text }))
  return results.length === 0 ? { text } : { text, results }
}

function answerTokens(question: Question, terms: Terms): readonly string[] {
  const { spec, seed, format } = terms
  if (format.kind === 'text') return (terms.compose ?? composeAnswer)(question, seed, spec.tokens)
  const random = seeded(hash(question.text, seed ^ 0x5eed))
  const schema = format.kind === 'schema' ? format.schema : FREE_JSON
  const value = schemaInstance(schema, hintsOf(question.text), random)
  return tokenize(JSON.stringify(value))
}

/** What `json_object` gives when nothing says which object. */
const FREE_JSON = {
  type: 'object',
  properties: {
    topic: { type: 'string' },
    summary: { type: 'string' },
    points: { type: 'array', items: { type: 'string' }, minItems: 3, uniqueItems: true },
    simulated: { const: true },
  },
  required: ['topic', 'summary', 'points', 'simulated'],
}

/** The tokens after so many UTF-16 units; the first of them may be what is left of a token. */
export function dropCharacters(tokens: readonly string[], count: number): readonly string[] {
  let left = count
  const at = tokens.findIndex((token) => {
    if (token.length > left) return true
    left -= token.length
    return false
  })
  if (at < 0) return []
  if (left === 0) return tokens.slice(at)
  return [(tokens[at] ?? '').slice(left), ...tokens.slice(at + 1)]
}

/** Not between the halves of a surrogate pair. */
function wholeCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xdc00 && code <= 0xdfff ? at - 1 : at
}

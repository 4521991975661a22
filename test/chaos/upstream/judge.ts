import type { Reading } from './reading.ts'

/** What a reader has to have got. */
export interface Truth {
  readonly text: string
  readonly calls: Reading['calls']
  /** The finish_reason of a whole answer; any, unless told. */
  readonly finish?: string | undefined
  /** The provider may end its answer early, and say so (`content_filter`). */
  readonly mayBeFiltered: boolean
  /** The provider may say more than the answer: the answer again and again. */
  readonly mayGoOn: boolean
}

/** What a reader got: a short name for it, and what is wrong with it. */
export interface Verdict {
  readonly outcome: string
  readonly wrong: readonly string[]
}

/** Holds a reading against the truth: the whole answer once, or one honest error (PROTOCOL 4). */
export function judge(reading: Reading, truth: Truth): Verdict {
  const wrong = [...reading.faults]
  const { text, end, finish, error, status } = reading
  const isGoingOn = truth.mayGoOn && truth.text.repeat(Math.ceil(text.length / truth.text.length) + 1).startsWith(text)
  if (!truth.text.startsWith(text) && !isGoingOn) wrong.push(`other text: ${difference(text, truth.text)}`)
  switch (end) {
    case 'done': {
      if (finish === undefined) wrong.push('[DONE] without finish_reason')
      if (truth.mayBeFiltered && finish === 'content_filter') return { outcome: 'ended by the filter', wrong }
      if (text.length < truth.text.length)
        wrong.push(`a shorter answer as success: ${text.length} of ${truth.text.length}`)
      if (truth.finish !== undefined && finish !== truth.finish) wrong.push(`another finish_reason: ${finish}`)
      if (JSON.stringify(reading.calls) !== JSON.stringify(truth.calls)) wrong.push('other tool calls')
      return { outcome: 'whole', wrong }
    }
    case 'error': {
      if (error === undefined || typeof error.message !== 'string' || error.message === '')
        wrong.push('an error that says nothing')
      return { outcome: `${status === 200 ? 'in the stream' : status}: ${error?.code ?? error?.type}`, wrong }
    }
    case 'cut':
    case 'silent end':
    case 'hang':
      return { outcome: end, wrong: [...wrong, `the stream ended by: ${end}`] }
    default:
      return end satisfies never
  }
}

/** Where two texts part, for people: what was lost and what is too much. */
export function difference(text: string, truth: string): string {
  const { at, lost, extra } = compare(text, truth)
  return `at ${at}: lost ${JSON.stringify(lost)}, too much ${JSON.stringify(extra)}`
}

/** The shortest change that makes `truth` of `text`: what to put in place of what. */
export function compare(
  text: string,
  truth: string,
): { readonly at: number; readonly lost: string; readonly extra: string } {
  let at = 0
  while (at < text.length && at < truth.length && text[at] === truth[at]) at++
  let tail = 0
  const most = Math.min(text.length, truth.length) - at
  while (tail < most && text.at(-1 - tail) === truth.at(-1 - tail)) tail++
  return { at, lost: truth.slice(at, truth.length - tail), extra: text.slice(at, text.length - tail) }
}

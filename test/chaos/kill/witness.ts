import type { Violations } from '../violations.ts'

/** One stream as its readers have seen it, over every crash. */
export interface Seen {
  readonly id: string
  /** What a provider that is not disturbed answers. */
  readonly truth: string
  /** How it can be taken up after a crash; one that `cannot` has several choices. */
  readonly way: 'prefill' | 'instruct' | 'cannot'
  /** What some reader was given at each offset. That makes it acknowledged: it must stay. */
  readonly acknowledged: Map<number, string>
  /** The terminal's offset and data, once a reader had it. */
  terminal: { readonly offset: number; readonly data: string } | undefined
}

/** Counts of what was read. */
export interface Counts {
  streams: number
  events: number
  resumes: number
  completed: number
  /** Completed by a later process than the one that began them. */
  takenUp: number
  /** Of those: joined by instruction, and of them those with other text than the truth. */
  instructed: number
  inexact: number
  /** Nobody had an event of them yet. */
  lost: number
}

/** One reader's position in a stream, and what it holds against the others' evidence. */
export class Witness {
  readonly #seen: Seen
  readonly #violations: Violations
  readonly #counts: Pick<Counts, 'events'>
  #last = -1

  constructor(seen: Seen, violations: Violations, counts: Pick<Counts, 'events'>) {
    this.#seen = seen
    this.#violations = violations
    this.#counts = counts
  }

  get cursor(): string | undefined {
    return this.#last === -1 ? undefined : `${this.#seen.id}:${this.#last}`
  }

  /** Whether this reader has read the terminal. */
  get isOver(): boolean {
    return this.#seen.terminal !== undefined && this.#last >= this.#seen.terminal.offset
  }

  where(): string {
    const { id, terminal, acknowledged } = this.#seen
    return `${id}, after ${this.#last}, ${acknowledged.size} acknowledged, terminal ${terminal?.offset ?? 'unknown'}`
  }

  /** An event of the full replay, where every offset has its own. */
  take(id: string | undefined, data: string): void {
    const { acknowledged, terminal } = this.#seen
    const colon = id?.lastIndexOf(':') ?? -1
    const offset = Number(id?.slice(colon + 1))
    const isNext = id?.slice(0, colon) === this.#seen.id && offset === this.#last + 1
    this.#violations.expect(isNext, 'an id that is not the next one', () => `${id}; ${this.where()}`)
    this.#counts.events++
    this.#last = offset
    const before = acknowledged.get(offset)
    const isSame = before === undefined || before === data
    this.#violations.expect(isSame, 'an acknowledged event that changed', () => `${offset}: ${before}, now ${data}`)
    if (before === undefined) acknowledged.set(offset, data)
    const isTerminal = data === '[DONE]' || data.startsWith('{"error"')
    const isLate = terminal !== undefined && offset > terminal.offset
    this.#violations.expect(!isLate, 'an event after the terminal', () => `${offset}: ${data}; ${this.where()}`)
    if (isTerminal && terminal === undefined) this.#end(offset, data)
    else if (isTerminal)
      this.#violations.expect(terminal?.offset === offset, 'a second terminal', () => `${data}; ${this.where()}`)
  }

  #end(offset: number, data: string): void {
    this.#seen.terminal = { offset, data }
    // Somebody had something behind the end, which was not there at the time.
    const behind = [...this.#seen.acknowledged.keys()].filter((one) => one > offset)
    this.#violations.expect(behind.length === 0, 'acknowledged events behind the terminal', () => this.where())
  }
}

/**
 * Checks the whole of a stream that has ended: its text against the truth, its end against what it says.
 * `isJoined`: an instructed continuation was joined to it, which is exact most of the time only.
 */
export function judge(seen: Seen, violations: Violations, isJoined = false): { readonly isExact: boolean } {
  const { terminal, acknowledged, truth, id } = seen
  let text = ''
  let isFinished = false
  for (let offset = 0; offset < (terminal?.offset ?? 0); offset++) {
    const chunk: Chunk = JSON.parse(acknowledged.get(offset) ?? '{"choices":[]}')
    for (const { index, delta, finish_reason: finish } of chunk.choices) {
      if (index !== 0) continue
      text += delta.content ?? ''
      if (finish !== null) isFinished = true
    }
  }
  const isCompleted = terminal?.data === '[DONE]'
  const isExact = isCompleted ? text === truth : truth.startsWith(text)
  const where = (): string => `${id} (${seen.way}): ${JSON.stringify(text)}, not ${JSON.stringify(truth)}`
  if (!isJoined) violations.expect(isExact, 'text that is not the truth, or not all of it', where)
  if (isCompleted) violations.expect(isFinished, 'a success without finish_reason', () => id)
  else {
    const error: { readonly error?: { readonly code?: unknown } } = JSON.parse(terminal?.data ?? '{}')
    const isKnown = error.error?.code === 'producer_lost'
    violations.expect(isKnown, 'an end that is neither [DONE] nor producer_lost', () => `${id}: ${terminal?.data}`)
    violations.expect(seen.way === 'cannot', 'an answer that could have been taken up', () => `${id} (${seen.way})`)
  }
  return { isExact }
}

/** The part of a chunk that is looked at. */
interface Chunk {
  readonly choices: readonly {
    readonly index: number
    readonly delta: { readonly content?: string | null }
    readonly finish_reason: string | null
  }[]
}

import { createParser } from 'eventsource-parser'
import { Accumulator } from '../../../src/completion/accumulate.ts'
import type { ChatCompletionChunk } from '../../../src/completion/chunk.ts'
import type { Random } from '../random.ts'
import type { Violations } from '../violations.ts'
import { folded, weight } from './fold.ts'
import type { Story } from './story.ts'

/** A response that is being read. */
export interface Connection {
  readonly status: number
  /** The next bytes; `end` after an orderly end, `cut` after any other. */
  read(): Promise<Uint8Array | 'end' | 'cut'>
  /** The reader goes away, whatever is on its way. Nothing of it is read any more. */
  leave(): void
}

/** What one connection is to give. */
export interface Ask {
  /** `Last-Event-ID` or `?after=`; undefined from the start. */
  readonly after: string | undefined
  readonly inQuery: boolean
  readonly full: boolean
}

/** How a reader reaches the gateway. */
export type Connect = (ask: Ask) => Promise<Connection>

/** One stream, as its readers know it. */
export interface Told {
  readonly id: string
  readonly story: Story
  /** The terminal's data as the first reader had it; every later one has to have the same. */
  terminal: string | undefined
}

/** What readers did. */
export interface Tally {
  resumes: number
  events: number
  /** Times that a whole stream was put together. */
  wholes: number
}

/** A reader's circumstances. */
export interface Circumstances {
  readonly random: Random
  readonly violations: Violations
  readonly tally: Tally
  /** Calls `leave` after a while: a reader goes away whatever happens. The result calls it off. */
  readonly patience: (random: Random, leave: () => void) => () => void
  /** False: enough was tried, read the rest in one go. */
  readonly goesOn: () => boolean
}

/** Connections after the terminal that may find the stream still open. */
const LATE = 3

/** Reads one stream from its start to its end over any number of connections, and checks every piece. */
export async function gather(told: Told, connect: Connect, around: Circumstances): Promise<void> {
  const { random, tally, violations } = around
  const full = random.chance(0.5)
  const pieces = new Pieces(told, full, violations)
  let budget = someBytes(random)
  let late = 0
  for (;;) {
    const hurries = !around.goesOn()
    const asked = { after: pieces.cursor, inQuery: random.chance(0.3), full }
    const connection = await connect(asked).catch((error: unknown) => String(error))
    tally.resumes++
    if (typeof connection === 'string') {
      violations.add('no response where a stream was to be resumed', `${connection}; ${pieces.where()}`)
      break
    }
    if (connection.status === 204) {
      violations.expect(pieces.isOver, '204 before the end was read', () => pieces.where())
      break
    }
    if (connection.status !== 200) {
      violations.add(`status ${connection.status} where a stream was to be resumed`, pieces.where())
      connection.leave()
      break
    }
    // The terminal is read and the log not closed yet: this reader waits, and is told nothing more.
    if (pieces.isOver && ++late > LATE) {
      violations.add('no 204 after the end', pieces.where())
      connection.leave()
      break
    }
    const before = pieces.count
    await readSome(connection, pieces, hurries ? Number.POSITIVE_INFINITY : budget, around)
    connection.leave()
    // An event that is larger than the budget would never be had.
    budget = pieces.count === before ? budget * 2 : someBytes(random)
    if (!pieces.isSound) break
    if (full && !hurries && random.chance(0.04)) pieces.rewind(random)
  }
  tally.events += pieces.count
  if (pieces.isOver) tally.wholes++
  pieces.conclude()
}

/** Bytes that a connection may give: anything from the middle of an `id:` to hundreds of events. */
function someBytes(random: Random): number {
  return random.magnitude(16, 64_000)
}

/** Reads up to `budget` bytes in reads of random size, then stops in the middle of whatever it is. */
async function readSome(connection: Connection, pieces: Pieces, budget: number, around: Circumstances): Promise<void> {
  const { random, patience } = around
  const decoder = new TextDecoder()
  const parser = createParser({ onEvent: ({ id, data, event }) => pieces.take(id, data, event) })
  const tired = Promise.withResolvers<'tired'>()
  const callOff = Number.isFinite(budget) ? patience(random, () => tired.resolve('tired')) : () => {}
  for (let left = budget; left > 0 && pieces.isSound;) {
    const bytes = await Promise.race([connection.read(), tired.promise])
    if (bytes === 'tired') return
    if (typeof bytes === 'string') {
      pieces.ended(bytes)
      break
    }
    const most = Math.min(bytes.length, left)
    for (let at = 0; at < most;) {
      const size = Math.min(most - at, random.magnitude(1, 4_096))
      parser.feed(decoder.decode(bytes.subarray(at, at + size), { stream: true }))
      at += size
    }
    left -= most
  }
  callOff()
}

/** What a reader has of a stream. */
class Pieces {
  readonly #told: Told
  readonly #full: boolean
  readonly #violations: Violations
  readonly #chunks: ChatCompletionChunk[] = []
  #last = -1
  #weight = 0
  count = 0
  isOver = false
  isSound = true

  constructor(told: Told, full: boolean, violations: Violations) {
    this.#told = told
    this.#full = full
    this.#violations = violations
  }

  get cursor(): string | undefined {
    return this.#last === -1 ? undefined : `${this.#told.id}:${this.#last}`
  }

  where(): string {
    const { id, story } = this.#told
    return `${id}, after ${this.#last} of ${story.entries.length}, ${this.#full ? 'full' : 'compact'}, ${story.status}`
  }

  /** The client forgot some of what it had: it reads that again. */
  rewind(random: Random): void {
    if (this.#last <= 0) return
    this.#last = random.below(this.#last)
    this.isOver = false
  }

  take(id: string | undefined, data: string, event: string | undefined): void {
    if (!this.isSound) return
    const colon = id?.lastIndexOf(':') ?? -1
    const offset = Number(id?.slice(colon + 1))
    if (event !== undefined || id?.slice(0, colon) !== this.#told.id || !Number.isInteger(offset))
      return this.#wrong(`an event without a proper id (${id}) or with a name (${event})`)
    if (this.isOver) return this.#wrong('an event after the terminal')
    if (offset <= this.#last) return this.#wrong(`an id that does not increase (${offset})`)
    if (this.#full && offset !== this.#last + 1) return this.#wrong(`a gap in the ids (${offset})`)
    const entry = this.#told.story.entries[offset]
    if (entry === undefined) return this.#wrong(`an event that nobody wrote (${offset})`)
    this.count++
    this.#last = offset
    if (offset === this.#told.story.entries.length - 1) return this.#end(data)
    if (this.#full) {
      if (data !== entry.data) this.#wrong(`other data than was written (${offset})`)
    } else this.#merged(offset, data)
  }

  ended(how: 'end' | 'cut'): void {
    if (how === 'cut') this.#wrong('a connection that broke by itself')
    else if (!this.isOver) this.#wrong('an orderly end without a terminal')
  }

  /** The stream was read to its end: do the pieces give the same completion? */
  conclude(): void {
    const { story } = this.#told
    if (this.#full || !this.isSound || !this.isOver) return
    const accumulator = new Accumulator()
    const same = folded(this.#chunks) === story.texts
    this.#violations.expect(same, 'compact pieces that are not the same text', () => this.where())
    for (const chunk of this.#chunks) accumulator.add(chunk)
    const completion = JSON.stringify(accumulator.completion())
    const equal = completion === story.completion
    this.#violations.expect(equal, 'compact pieces that accumulate to another completion', () => this.where())
  }

  /** A merged chunk is the sum of what it stands for, no more and no less. */
  #merged(offset: number, data: string): void {
    if (data === '[DONE]' || data.startsWith('{"error"'))
      return this.#wrong(`a terminal too early (${offset}): ${data}`)
    const chunk: ChatCompletionChunk = JSON.parse(data)
    this.#chunks.push(chunk)
    this.#weight += weight(chunk)
    const expected = this.#told.story.weights[offset]
    if (this.#weight !== expected) this.#wrong(`text up to ${offset} of ${this.#weight} characters, not ${expected}`)
  }

  #end(data: string): void {
    this.isOver = true
    const expected = this.#told.story.entries.at(-1)?.data
    this.#told.terminal ??= expected === '' ? data : expected
    if (data !== this.#told.terminal) this.#wrong('another terminal than an earlier reader had')
    if (expected === '' && !isError(data)) this.#wrong('a terminal that is no error envelope')
  }

  #wrong(what: string): void {
    this.isSound = false
    this.#violations.add(what.replace(/\(.*\)|\d+/g, '…'), `${what}; ${this.where()}`)
  }
}

function isError(data: string): boolean {
  const parsed: { readonly error?: { readonly message?: unknown } } = JSON.parse(data)
  return typeof parsed.error?.message === 'string'
}

import { createParser } from 'eventsource-parser'
import type { Random } from '../random.ts'
import type { Violations } from '../violations.ts'
import { Pieces, type Told } from './pieces.ts'

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

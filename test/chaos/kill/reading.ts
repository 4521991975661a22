import { createParser } from 'eventsource-parser'
import { setTimeout } from 'node:timers/promises'
import type { Random } from '../random.ts'
import { request, type SocketConnection } from '../socket.ts'
import type { Violations } from '../violations.ts'
import { Witness, type Counts, type Seen } from './witness.ts'

/** What readers of a round share. */
export interface Ground {
  readonly url: string
  readonly violations: Violations
  readonly counts: Counts
  /** After this moment (`performance.now`) a reader that has no end yet gives up: a violation. */
  readonly giveUpAt: number
}

/** Between two tries to reach a gateway that is down. */
const RETRY_MS = 25

/**
 * Reads a stream to its terminal, resuming with `Last-Event-ID` after every break, its own and the
 * gateway's. `opened`: a response that is being read already.
 */
export async function readToEnd(seen: Seen, ground: Ground, random: Random, opened?: SocketConnection): Promise<void> {
  const witness = new Witness(seen, ground.violations, ground.counts)
  let connection = opened
  while (!witness.isOver) {
    if (performance.now() > ground.giveUpAt) return ground.violations.add('no end in time', witness.where())
    connection ??= await attach(seen, witness, ground, random)
    if (connection === undefined) {
      await setTimeout(RETRY_MS)
      continue
    }
    if (connection.status !== 200) {
      connection.leave()
      const isKnown = witness.cursor !== undefined || seen.acknowledged.size > 0
      // The id was told before anything of the stream: that alone is no promise.
      if (!isKnown && connection.status === 404) return void ground.counts.lost++
      return ground.violations.add(`status ${connection.status} where a stream was to be resumed`, witness.where())
    }
    await readSome(connection, witness, ground.giveUpAt, random)
    connection.leave()
    connection = undefined
  }
}

/** The response to a resume; undefined when there is nobody to give one. */
async function attach(
  seen: Seen,
  { cursor }: Witness,
  ground: Ground,
  random: Random,
): Promise<SocketConnection | undefined> {
  const headers = cursor === undefined ? {} : { 'last-event-id': cursor }
  const url = `${ground.url}/streams/${seen.id}?replay=full`
  const connection = await request(url, { headers, random }).catch(() => undefined)
  if (connection !== undefined) ground.counts.resumes++
  return connection
}

/** Reads until the end, a break, or until this reader feels like leaving. */
async function readSome(connection: SocketConnection, witness: Witness, until: number, random: Random): Promise<void> {
  const decoder = new TextDecoder()
  const parser = createParser({ onEvent: ({ id, data }) => witness.take(id, data) })
  const leaves = random.chance(0.5)
  const timer = new AbortController()
  const patience = Math.min(leaves ? random.magnitude(5, 2_000) : Infinity, Math.max(1, until - performance.now()))
  const tired = setTimeout(patience, 'tired' as const, { signal: timer.signal }).catch((): 'tired' => 'tired')
  for (;;) {
    const bytes = await Promise.race([connection.read(), tired])
    if (bytes === 'tired') return
    if (typeof bytes === 'string') break
    parser.feed(decoder.decode(bytes, { stream: true }))
  }
  timer.abort()
}

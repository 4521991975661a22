import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGateway } from '../../../src/gateway/gateway.ts'
import { newStreamId } from '../../../src/gateway/ids.ts'
import { createLedger } from '../../../src/ledger/ledger.ts'
import { createFileLog } from '../../../src/log/file-log.ts'
import { createMemoryLog } from '../../../src/log/memory-log.ts'
import type { StreamLog } from '../../../src/log/stream-log.ts'
import { serve } from '../../../src/node/serve.ts'
import { gatewayConfig, keepingLogger, plainProvider } from '../../support/gateway.ts'
import { Random } from '../random.ts'
import { readAll, request } from '../socket.ts'
import { Violations, type Broken } from '../violations.ts'
import { gather, type Circumstances, type Connect, type Tally } from './gather.ts'
import { afterTurns, connectInMemory, produceInto } from './in-memory.ts'
import { connectOverSockets, startStoryTeller } from './over-sockets.ts'
import type { Told } from './pieces.ts'
import { makeStory } from './story.ts'

/** A part of the experiment: one log, one way to it. */
export interface Part {
  readonly log: 'memory' | 'file'
  readonly way: 'in memory' | 'sockets'
  readonly streams: number
  /** Resumes of each stream. */
  readonly resumes: number
  readonly seed: number
}

/** What came of it. Plain data. */
export interface PartResult extends Tally {
  readonly streams: number
  readonly broken: readonly Broken[]
  readonly ms: number
}

/** Streams at a time, and readers of each. */
const AT_ONCE = 12
const READERS = 3
/** Small enough that files are followed by others, and that what is read comes from disk. */
const SMALL = { segmentBytes: 512 * 1024, hotBytes: 2 * 1024 * 1024, maxBytes: 4 * 1024 ** 3 }

/** How one stream of a part comes to be, and how it is reached. */
interface Stage {
  /** Starts a stream; `produced` resolves when its end is told. */
  begin(
    told: Told,
    random: Random,
  ): Promise<{ readonly connect: Connect; readonly produced: Promise<void>; readonly id: string }>
  readonly patience: Circumstances['patience']
}

/** Runs a part to its end. */
export async function runPart(part: Part): Promise<PartResult> {
  const started = performance.now()
  const dir = await mkdtemp(join(tmpdir(), 'sluice-chaos-'))
  const violations = new Violations()
  const tally: Tally = { resumes: 0, events: 0, wholes: 0 }
  try {
    const open = part.way === 'in memory' ? stageInMemory : stageOverSockets
    await using stage = await open(part, dir)
    let next = 0
    const lane = async (): Promise<void> => {
      for (let index = next++; index < part.streams; index = next++) {
        await oneStream(part, index, stage, violations, tally)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  return { ...tally, streams: part.streams, broken: violations.list(), ms: performance.now() - started }
}

async function oneStream(part: Part, index: number, stage: Stage, violations: Violations, tally: Tally): Promise<void> {
  const random = new Random(part.seed).fork(`${part.log} ${part.way} ${index}`)
  const story = makeStory(random.fork('story'))
  const draft: Told = { id: newStreamId(), story, terminal: undefined }
  const { id, connect, produced } = await stage.begin(draft, random.fork('producer'))
  const told: Told = { ...draft, id }
  const own: Tally = { resumes: 0, events: 0, wholes: 0 }
  const goesOn = (): boolean => own.resumes < part.resumes
  const read = async (reader: number): Promise<void> => {
    const around: Circumstances = {
      random: random.fork(`reader ${reader}`),
      violations,
      tally: own,
      patience: stage.patience,
      goesOn,
    }
    do await gather(told, connect, around)
    while (goesOn())
  }
  await Promise.all([produced, ...Array.from({ length: READERS }, (_, reader) => read(reader))])
  tally.resumes += own.resumes
  tally.events += own.events
  tally.wholes += own.wholes
}

const now = (): number => performance.timeOrigin + performance.now()

async function openLog(part: Part, dir: string): Promise<StreamLog> {
  return part.log === 'memory' ? createMemoryLog({ now }) : createFileLog({ dir, now, ...SMALL })
}

async function stageInMemory(part: Part, dir: string): Promise<Stage & AsyncDisposable> {
  const log = await openLog(part, dir)
  const ledger = createLedger({ path: ':memory:', now, retentionMs: 3_600_000 })
  // No request is posted here, so none is hashed.
  const gateway = createGateway({ config: gatewayConfig(), log, ledger, hash: String, logger: keepingLogger() })
  // The more resumes there are, the longer the story takes, so that many of them find it unfinished.
  const pause = Math.max(40, part.resumes / 4)
  return {
    begin: (told, random) =>
      Promise.resolve({
        id: told.id,
        produced: produceInto(log, told, random, pause),
        connect: connectInMemory(gateway, told.id),
      }),
    patience: (random, leave) => afterTurns(random.magnitude(1, 60), leave),
    [Symbol.asyncDispose]: () => gateway.shutdown(0),
  }
}

async function stageOverSockets(part: Part, dir: string): Promise<Stage & AsyncDisposable> {
  const teller = await startStoryTeller()
  const passthrough = plainProvider(teller.url)
  const retention = 3_600_000
  const log =
    part.log === 'memory'
      ? ({ kind: 'memory', retention } as const)
      : ({ kind: 'file', retention, dir, durability: 'process' } as const)
  const server = await serve({ config: gatewayConfig({ passthrough, log }), logger: keepingLogger() })
  const url = `${server.url}/v1`
  let made = 0
  return {
    begin: async (told, random) => {
      const model = `story-${made++}`
      teller.prepare(model, told.story, random.fork('teller'))
      const id = await post(url, model, told, random)
      return { id, produced: cancelInTime(url, id, told, random), connect: connectOverSockets(url, id, random) }
    },
    patience: (random, leave) => {
      const timer = setTimeout(leave, random.magnitude(1, 30))
      return () => clearTimeout(timer)
    },
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await teller[Symbol.asyncDispose]()
    },
  }
}

/** Starts a stream as a caller does, and leaves it to others to read. */
async function post(url: string, model: string, { story }: Told, random: Random): Promise<string> {
  const messages = [{ role: 'user', content: 'Tell me' }]
  // With usage, so that every entry has its frame and a gap in the ids can only be a loss.
  const options = { stream: true, stream_options: { include_usage: true } }
  const body = JSON.stringify({ model, ...options, n: story.n, messages })
  const headers = { 'content-type': 'application/json', 'x-stream-on-disconnect': 'continue' }
  const posted = await request(`${url}/chat/completions`, { method: 'POST', headers, body, random })
  posted.leave()
  const id = posted.headers['x-stream-id']
  if (posted.status !== 200 || typeof id !== 'string') throw new Error(`POST was answered with ${posted.status}`)
  return id
}

/** A story that is to be cancelled is, when all that its provider says has arrived. */
async function cancelInTime(url: string, id: string, { story }: Told, random: Random): Promise<void> {
  if (story.status !== 'cancelled') return
  const last = `${id}:${story.entries.length - 2}`
  for (;;) {
    const head = await request(`${url}/streams/${id}`, { method: 'HEAD', random })
    head.leave()
    if (head.headers['x-stream-cursor'] === last) break
    await sleep(20)
  }
  await readAll(await request(`${url}/streams/${id}/cancel`, { method: 'POST', random }))
}

/**
 * What the log costs: one append with one waiting reader, then 500 streams of 50 tokens a second with
 * one reader each, memory log against file log. CPU is that of the whole process, in microseconds a
 * token; the delay is from append to reader.
 *
 * `node bench/log-append.ts [seconds]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileLog } from '../src/log/file-log.ts'
import { createMemoryLog } from '../src/log/memory-log.ts'
import type { StreamLog } from '../src/log/stream-log.ts'

const STREAMS = 500
const TOKENS_A_SECOND = 50
const seconds = Number(process.argv[2] ?? 10)
const now = (): number => performance.timeOrigin + performance.now()

function chunk(i: number): string {
  return JSON.stringify({
    id: 'chatcmpl-BxT6mZcYQ0d5vJ8eK2fPq1rW',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_0ba0d124f1',
    choices: [{ index: 0, delta: { content: ` word${i % 977}` }, logprobs: null, finish_reason: null }],
  })
}

/** One append after the other, each with one reader waiting; only the appends are timed. */
async function appendAlone(log: StreamLog, entries: number): Promise<number> {
  const writer = log.create({ id: `st_${now()}`, owner: 'o', model: 'm', createdAt: 0 })
  const reader = log.read(writer.id, -1)[Symbol.asyncIterator]()
  let spent = 0
  for (let i = 0; i < entries; i++) {
    const next = reader.next()
    const entry = [{ kind: 'chunk', data: chunk(i) } as const]
    const start = performance.now()
    writer.append(entry)
    spent += performance.now() - start
    const { value } = await next
    if (value.entries[0].offset !== i) throw new Error('out of order')
  }
  await writer.close({ status: 'completed' })
  return (spent / entries) * 1000
}

interface Load {
  readonly cpu: number
  readonly p50: number
  readonly p99: number
}

/** Tokens arrive as from sockets: each stream on its own beat, a turn of the event loop takes what is due. */
async function load(log: StreamLog, streams: number, rate: number, forMs: number): Promise<Load> {
  const delays: number[] = []
  const appended = Array.from({ length: streams }, (): number[] => [])
  const writers = appended.map((_, i) => log.create({ id: `st_${i}_${now()}`, owner: 'o', model: 'm', createdAt: 0 }))
  const readers = writers.map(async (writer, i) => {
    for await (const batch of log.read(writer.id, -1)) {
      const at = performance.now()
      for (const entry of batch.entries) delays.push(at - (appended[i]?.[entry.offset] ?? Number.NaN))
    }
  })
  const cpu = process.cpuUsage()
  const start = performance.now()
  let tokens = 0
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const at = performance.now()
      const due = Math.floor(((at - start) / 1000) * rate * streams)
      for (; tokens < due; tokens++) {
        const stream = tokens % streams
        appended[stream]?.push(at)
        writers[stream]?.append([{ kind: 'chunk', data: chunk(tokens) }])
      }
      if (at - start < forMs) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  await Promise.all(writers.map((writer) => writer.close({ status: 'completed' })))
  await Promise.all(readers)
  await log.close()
  const { user, system } = process.cpuUsage(cpu)
  if (delays.length !== tokens) throw new Error(`read ${delays.length} of ${tokens}`)
  delays.sort((a, b) => a - b)
  const at = (share: number): number => delays[Math.floor(delays.length * share)] ?? Number.NaN
  return { cpu: (user + system) / tokens, p50: at(0.5), p99: at(0.99) }
}

const root = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
let dirs = 0
const logs: readonly (readonly [string, () => Promise<StreamLog>])[] = [
  ['memory', () => Promise.resolve(createMemoryLog({ now }))],
  ['file, process', () => createFileLog({ now, dir: join(root, String(dirs++)) })],
  ['file, power', () => createFileLog({ now, dir: join(root, String(dirs++)), durability: 'power' })],
]
const memory = createMemoryLog({ now })
await appendAlone(memory, 100_000)
console.log(`memory: append with one waiting reader ${(await appendAlone(memory, 200_000)).toFixed(3)} us`)
console.log(`${STREAMS} streams x ${TOKENS_A_SECOND} tokens/s, ${seconds} s each`)
for (const round of [1, 2]) {
  for (const [name, open] of logs) {
    const { cpu, p50, p99 } = await load(await open(), STREAMS, TOKENS_A_SECOND, seconds * 1000)
    const delay = `delay p50 ${p50.toFixed(2)} ms p99 ${p99.toFixed(2)} ms`
    console.log(`${round} ${name.padEnd(14)} ${cpu.toFixed(2)} us CPU/token   ${delay}`)
  }
}
await rm(root, { recursive: true })

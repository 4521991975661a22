import { Worker } from 'node:worker_threads'
import { seconds, table } from '../table.ts'
import { Violations } from '../violations.ts'
import type { Part, PartResult } from './part.ts'

/** How much of it. */
export interface ResumeOptions {
  readonly seed: number
  readonly streams: number
  /** Resumes of each stream, on the average over all parts. */
  readonly resumes: number
}

/** Share of all resumes that go over sockets: each costs about five times one in memory. */
const OVER_SOCKETS = 0.06
/** Threads at a time. */
const AT_ONCE = 2

/**
 * The four parts. Streams are spread evenly over logs; those over sockets are fewer, each with as many
 * resumes as the others.
 */
export function partsOf({ seed, streams, resumes }: ResumeOptions): readonly Part[] {
  const overSockets = Math.max(2, Math.round((streams * OVER_SOCKETS) / 2) * 2)
  const inMemory = Math.max(2, streams - overSockets)
  const halves = (all: number): readonly [number, number] => [Math.ceil(all / 2), Math.floor(all / 2)]
  const [memory, file] = halves(inMemory)
  const [memorySockets, fileSockets] = halves(overSockets)
  return [
    { log: 'file', way: 'in memory', streams: file, resumes, seed },
    { log: 'memory', way: 'in memory', streams: memory, resumes, seed },
    { log: 'memory', way: 'sockets', streams: memorySockets, resumes, seed },
    { log: 'file', way: 'sockets', streams: fileSockets, resumes, seed },
  ]
}

/** Runs all parts and prints what came of them. False when anything was wrong. */
export async function runResume(options: ResumeOptions, print: (text: string) => void): Promise<boolean> {
  const violations = new Violations()
  const rows: (readonly (string | number)[])[] = []
  const sums = { streams: 0, resumes: 0, events: 0, ms: performance.now() }
  const waiting = [...partsOf(options)]
  const lane = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) {
      const result = await inThread(part)
      violations.take(result.broken)
      sums.streams += result.streams
      sums.resumes += result.resumes
      sums.events += result.events
      const found = result.broken.reduce((all, { count }) => all + count, 0)
      rows.push([
        part.log,
        part.way,
        result.streams,
        result.resumes,
        result.wholes,
        result.events,
        found,
        seconds(result.ms),
      ])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  rows.push([
    'all',
    '',
    sums.streams,
    sums.resumes,
    '',
    sums.events,
    violations.count,
    seconds(performance.now() - sums.ms),
  ])
  print(table(['log', 'way', 'streams', 'resumes', 'read whole', 'events', 'violations', 'time'], rows))
  if (violations.count > 0) print(`\n${violations.text()}`)
  return violations.count === 0
}

function inThread(part: Part): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: part })
    worker.on('message', resolve)
    worker.on('error', reject)
    worker.on('exit', (code) => reject(new Error(`a part's thread ended with ${code}`)))
  })
}

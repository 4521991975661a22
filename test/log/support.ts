import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Batch, Entry, NewEntry, StreamInit, StreamLog, StreamWriter } from '../../src/log/stream-log.ts'

/** A clock that moves when told. */
export interface Clock {
  now: () => number
  advance: (ms: number) => void
}

/** A clock that starts at a fixed time. */
export function createClock(start = 1_700_000_000_000): Clock {
  let time = start
  return {
    now: () => time,
    advance: (ms) => {
      time += ms
    },
  }
}

let made = 0

/** A new stream's init; ids are unique within the process. */
export function init(over: Partial<StreamInit> = {}): StreamInit {
  return { id: `st_${process.pid}_${made++}`, owner: 'local', model: 'm', createdAt: 0, ...over }
}

/** Chunk entries `from`, `from + 1` … */
export function chunks(count: number, from = 0): NewEntry[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'chunk', data: `{"n":${from + i}}` }))
}

/** Reads at most `most` entries after `after`, then leaves; all of them when `most` is not given. */
export async function gather(
  log: StreamLog,
  id: string,
  after = -1,
  most: number = Number.POSITIVE_INFINITY,
): Promise<Entry[]> {
  const entries: Entry[] = []
  if (most <= 0) return entries
  for await (const batch of log.read(id, after)) {
    entries.push(...batch.entries)
    if (entries.length >= most) return entries.slice(0, most)
  }
  return entries
}

/** The first batch after `after`. */
export async function firstBatch(log: StreamLog, id: string, after: number): Promise<Batch | undefined> {
  for await (const batch of log.read(id, after)) return batch
  return undefined
}

/** A closed stream with so many chunks. */
export async function closedStream(log: StreamLog, over: Partial<StreamInit> = {}, count = 3): Promise<StreamWriter> {
  const writer = log.create(init(over))
  writer.append(chunks(count))
  await writer.close({ status: 'completed' })
  return writer
}

/** The code of the error that the promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
    return undefined
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
  }
}

/** Runs a full garbage collection, so that memory can be measured. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const gc: unknown = runInNewContext('gc')
  if (typeof gc === 'function') gc()
}

import { closeSync, cpSync, openSync, readdirSync, rmSync, statSync, truncateSync, writeSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { createFileLog } from '../../src/log/file-log.ts'
import type { Entry, StreamLog } from '../../src/log/stream-log.ts'
import { createClock, gather, init } from './support.ts'

/** What happened over all trials. `silent` must be 0. */
export interface DamageReport {
  readonly trials: number
  /** Streams read in full, in all trials together. */
  whole: number
  /** Streams that ended early with an honest error. */
  cut: number
  /** Streams that were not found: what named them was hit. */
  unknown: number
  /** Starts that were refused. */
  refused: number
  /** Wrong or missing content that was not told. What, and in which trial. */
  readonly silent: string[]
}

/** A number from 0 up to `below`, the same sequence for the same seed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** Damages a log's files at random, so many times, and checks what readers are given after each. */
export async function damageTrials(dir: string, trials: number, seed: number): Promise<DamageReport> {
  const random = seeded(seed)
  const truth = await makeFixture(join(dir, 'fixture'))
  const report: DamageReport = { trials, whole: 0, cut: 0, unknown: 0, refused: 0, silent: [] }
  for (let trial = 0; trial < trials; trial++) {
    const copy = join(dir, 'trial')
    rmSync(copy, { recursive: true, force: true })
    cpSync(join(dir, 'fixture'), copy, { recursive: true })
    const what = `trial ${trial} of seed ${seed}: ${damage(copy, random)}`
    await check(copy, truth, report, what)
  }
  return report
}

/** Closed streams with and without an index, ended ones still in the journal, open ones: as a crash leaves them. */
async function makeFixture(dir: string): Promise<Map<string, readonly Entry[]>> {
  const live = `${dir}-live`
  const log = await createFileLog({ dir: live, now: createClock().now, segmentBytes: 6_000 })
  const truth = new Map<string, readonly Entry[]>()
  const data = (i: number, n: number): string =>
    JSON.stringify({ stream: i, n, delta: `é ${'x'.repeat((i * 7 + n) % 60)}` })
  const write = async (i: number, isClosed: boolean): Promise<void> => {
    const writer = log.create(init({ id: `st_${i}`, conversation: `c${i}` }))
    for (let n = 0; n < 10 + (i % 5) * 8; n++) {
      writer.append([{ kind: 'chunk', data: data(i, n) }])
      if (n % 4 === 0) await new Promise(setImmediate)
    }
    if (isClosed) {
      writer.append([{ kind: 'done', data: '[DONE]' }])
      await writer.close({ status: 'completed' })
    }
  }
  const open: Promise<void>[] = []
  for (let i = 0; i < 40; i++) {
    const written = write(i, i % 4 !== 3)
    if (i % 4 === 3) open.push(written)
    else if (i % 3 === 0) await written
    else open.push(written)
  }
  await Promise.all(open)
  await new Promise((resolve) => setTimeout(resolve, 50))
  cpSync(live, dir, { recursive: true, filter: (path) => !path.includes('lock') })
  for (let i = 0; i < 40; i++) truth.set(`st_${i}`, await peek(log, `st_${i}`))
  await log.close()
  return truth
}

async function peek(log: StreamLog, id: string): Promise<Entry[]> {
  const state = await log.find(id)
  if (typeof state !== 'object') throw new Error(`${id} is not there`)
  return await gather(log, id, -1, state.last + 1)
}

/** Does one thing to one file; says what. */
function damage(dir: string, random: (below: number) => number): string {
  const names = readdirSync(dir).toSorted()
  const name = names[random(names.length)] ?? ''
  const path = join(dir, name)
  const { size } = statSync(path)
  const at = random(Math.max(size, 1))
  switch (random(4)) {
    case 0:
      truncateSync(path, at)
      return `${name} truncated at ${at} of ${size}`
    case 1: {
      const length = 1 + random(200)
      overwrite(path, at, Buffer.alloc(Math.min(length, size - at)))
      return `${name} zeroed from ${at}, ${length} bytes`
    }
    case 2: {
      const garbage = Buffer.from(Array.from({ length: 1 + random(100) }, () => random(256)))
      overwrite(path, random(2) === 0 ? size : at, garbage)
      return `${name} overwritten around ${at}, ${garbage.length} bytes`
    }
    default: {
      const bit = random(8)
      const byte = Buffer.alloc(1)
      const fd = openSync(path, 'r')
      readSync(fd, byte, 0, 1, at)
      closeSync(fd)
      byte[0] = (byte[0] ?? 0) ^ (1 << bit)
      if (size > 0) overwrite(path, at, byte)
      return `${name} bit ${bit} of byte ${at} flipped`
    }
  }
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}

async function check(
  dir: string,
  truth: ReadonlyMap<string, readonly Entry[]>,
  report: DamageReport,
  what: string,
): Promise<void> {
  let log: StreamLog
  try {
    log = await createFileLog({ dir, now: createClock().now, segmentBytes: 6_000 })
  } catch {
    report.refused++
    return
  }
  try {
    for (const [id, entries] of truth) {
      const verdict = await verdictOn(log, id, entries)
      if (verdict === 'whole' || verdict === 'cut' || verdict === 'unknown') report[verdict]++
      else report.silent.push(`${what}: ${id}: ${verdict}`)
    }
  } finally {
    await log.close()
  }
}

/** What readers are given of one stream, against what they were given before the damage. */
async function verdictOn(log: StreamLog, id: string, truth: readonly Entry[]): Promise<string> {
  const before = await log.find(id)
  if (before === undefined) return 'unknown'
  if (before === 'expired') return 'expired before its time'
  const read = await gather(log, id)
  const state = await log.find(id)
  if (typeof state !== 'object' || state.status === 'open') return 'open after a start'
  const told = read.at(-1)
  const isCut = told?.kind === 'error'
  const content = isCut ? read.slice(0, -1) : read
  for (const [i, entry] of content.entries()) {
    const expected = truth[i]
    if (expected === undefined || JSON.stringify(expected) !== JSON.stringify(entry))
      return `entry ${i} is not what was written`
  }
  if (isCut && told.offset < content.length) return 'the error stands among the content'
  if (isCut !== (state.status === 'failed')) return `${isCut ? 'an error' : 'no error'} but ${state.status}`
  if (isCut && state.outcome?.error?.code !== JSON.parse(told.data).error.code) return 'two different ends'
  if (state.status === 'completed' && content.length !== truth.length) return 'success, but not whole'
  return isCut && state.outcome?.error?.code === 'log_damaged'
    ? 'cut'
    : content.length === truth.length
      ? 'whole'
      : 'cut'
}

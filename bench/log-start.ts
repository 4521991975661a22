/**
 * How long a file log takes to start, and how much memory kept streams take.
 *
 * 1. 1 GiB of kept streams, closed cleanly and after kill -9 with a journal of 100 MB behind it;
 * 2. 10,000 kept streams of 300 tokens: memory per stream, measured by difference in a fresh process.
 *
 * `node bench/log-start.ts [MiB]`
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileLog } from '../src/log/file-log.ts'
import type { StreamLog } from '../src/log/stream-log.ts'

const now = (): number => performance.timeOrigin + performance.now()
const MiB = 1024 * 1024
const options = { now, maxBytes: 4096 * MiB, segmentBytes: 32 * MiB }

/** A token's chunk; the noise is what compression cannot take away. */
function chunk(i: number, noise: number): string {
  const content =
    noise === 0 ? ` word${i % 977}` : Buffer.from(crypto.getRandomValues(new Uint8Array(noise))).toString('base64')
  return JSON.stringify({
    id: 'chatcmpl-BxT6mZcYQ0d5vJ8eK2fPq1rW',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  })
}

async function fill(log: StreamLog, streams: number, tokens: number, noise: number): Promise<void> {
  for (let at = 0; at < streams; at += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, streams - at) }, async (_, i) => {
        const id = `st_${crypto.randomUUID().replaceAll('-', '')}`
        const writer = log.create({ id, owner: 'local', model: 'm', createdAt: now() })
        writer.append(Array.from({ length: tokens }, (__, n) => ({ kind: 'chunk', data: chunk(at + i + n, noise) })))
        await writer.close({ status: 'completed' })
      }),
    )
  }
}

async function sizes(dir: string): Promise<string> {
  let total = 0
  const files = await readdir(dir)
  for (const name of files) total += (await stat(join(dir, name))).size
  return `${(total / MiB).toFixed(0)} MiB in ${files.length} files`
}

async function timedStart(dir: string): Promise<string> {
  const start = performance.now()
  const log = await createFileLog({ ...options, dir })
  const took = performance.now() - start
  const streams = (await log.list('local', { limit: Number.POSITIVE_INFINITY })).length
  await log.close()
  return `${took.toFixed(0)} ms, ${streams} streams`
}

async function whole(mib: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  const log = await createFileLog({ ...options, dir })
  while ((await bytesOf(dir, 'archive')) < mib * MiB) {
    await fill(log, 1_000, 20, 600)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await log.close()
  console.log(`start after a clean close: ${await timedStart(dir)}, ${await sizes(dir)}`)
  console.log(`start again:               ${await timedStart(dir)}`)
  spawnSync(process.execPath, [import.meta.filename, 'crash', dir], { stdio: 'inherit' })
  console.log(`start after kill -9:       ${await timedStart(dir)}, ${await sizes(dir)}`)
  await rm(dir, { recursive: true })
}

async function bytesOf(dir: string, prefix: string): Promise<number> {
  let total = 0
  for (const name of await readdir(dir)) if (name.startsWith(prefix)) total += (await stat(join(dir, name))).size
  return total
}

/** Leaves 200 open streams and 100 MB of journal, and dies. */
async function crash(dir: string): Promise<void> {
  const log = await createFileLog({ ...options, dir })
  for (let i = 0; i < 200; i++) {
    const writer = log.create({ id: `st_open_${now()}_${i}`, owner: 'local', model: 'm', createdAt: now() })
    for (let n = 0; n < 5; n++)
      writer.append(Array.from({ length: 100 }, (_, k) => ({ kind: 'chunk', data: chunk(k, 600) })))
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  process.kill(process.pid, 'SIGKILL')
}

/** Memory of a process that has this log open. */
async function memory(dir: string, streams: number): Promise<void> {
  const log = await createFileLog({ ...options, dir })
  const gc: unknown = Reflect.get(globalThis, 'gc')
  const settle = (): void => (typeof gc === 'function' ? void gc() : undefined)
  settle()
  const before = process.memoryUsage()
  await fill(log, streams, 300, 0)
  await new Promise((resolve) => setTimeout(resolve, 500))
  settle()
  await new Promise((resolve) => setTimeout(resolve, 500))
  settle()
  const after = process.memoryUsage()
  const heap = after.heapUsed - before.heapUsed
  console.log(
    `${streams} kept streams of 300 tokens (${((streams * 300 * chunk(1, 0).length) / MiB).toFixed(0)} MiB of data, ${await sizes(dir)}): ` +
      `heap +${(heap / MiB).toFixed(1)} MiB (${(heap / streams).toFixed(0)} bytes a stream), RSS ${(before.rss / MiB).toFixed(0)} -> ${(after.rss / MiB).toFixed(0)} MiB`,
  )
  await log.close()
}

const [what = '1024', dir = '', count = '0'] = process.argv.slice(2)
if (what === 'crash') await crash(dir)
else if (what === 'memory') await memory(dir, Number(count))
else {
  for (const streams of [1_000, 10_000]) {
    const at = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
    spawnSync(process.execPath, ['--expose-gc', import.meta.filename, 'memory', at, String(streams)], {
      stdio: 'inherit',
    })
    await rm(at, { recursive: true })
  }
  await whole(Number(what))
}

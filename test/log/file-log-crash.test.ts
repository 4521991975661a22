import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { StreamLog } from '../../src/log/stream-log.ts'
import { damageTrials } from './damage-trials.ts'
import { filesOf, freshDirs, openLog, stateOf } from './file-support.ts'
import { chunks, closedStream, firstBatch, gather, init } from './support.ts'

const fresh = freshDirs()
const child = fileURLToPath(new URL('./crash-child.ts', import.meta.url))

/** Runs the child for so long, kills it, and gives what its readers had been given by stream. */
async function live(dir: string, life: number, durability: string, ms: number): Promise<Map<string, number | 'end'>> {
  const running = spawn(process.execPath, [child, dir, String(life), durability], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  const { promise: ready, resolve } = Promise.withResolvers<void>()
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (said.includes('ready\n')) resolve()
  })
  const closed = new Promise((done) => running.once('close', done))
  await ready
  await new Promise((done) => setTimeout(done, ms))
  running.kill('SIGKILL')
  await closed
  const given = new Map<string, number | 'end'>()
  for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n').slice(1)) {
    const [id = '', what] = line.split(' ')
    given.set(id, what === 'end' ? 'end' : Number(what))
  }
  return given
}

/** Nothing that was given is lost, nothing is made up, there is one end. */
async function holds(log: StreamLog, id: string, given: number | 'end'): Promise<void> {
  const entries = await gather(log, id)
  const state = await stateOf(log, id)
  for (const [i, entry] of entries.entries()) {
    assert.equal(entry.offset, i)
    if (entry.kind === 'chunk')
      assert.ok(entry.data.startsWith(`${id}:${i}:x`) || entry.data === `${id}:${i}:`, entry.data)
  }
  const ends = entries.filter((entry) => entry.kind !== 'chunk')
  assert.equal(ends.length, 1)
  assert.equal(ends[0], entries.at(-1))
  assert.equal(state.status, ends[0]?.kind === 'done' ? 'completed' : 'failed')
  if (given === 'end') assert.equal(state.status, 'completed')
  else assert.ok(entries.length > given, `${id}: ${given} had been given, ${entries.length} are there`)
  if (ends[0]?.kind === 'error') assert.equal(state.outcome?.error?.code, 'producer_lost')
}

describe('file log: kill -9', () => {
  for (const durability of ['process', 'power']) {
    test(`no entry that a reader was given is lost or changed, over several lives (${durability})`, async () => {
      const dir = fresh()
      const given = new Map<string, number | 'end'>()
      for (let life = 0; life < 3; life++) {
        for (const [id, what] of await live(dir, life, durability, 150 + life * 67)) given.set(id, what)
        const log = await openLog(dir, { now: Date.now })
        for (const [id, what] of given) await holds(log, id, what)
        await log.close()
      }
      assert.ok(given.size > 20, `${given.size} streams`)
    })
  }
})

describe('file log: torn and damaged files', () => {
  test('cut at every byte of its last record, the journal gives all records before it', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    const writer = log.create(init())
    writer.append(chunks(3))
    await firstBatch(log, writer.id, -1)
    const before = readFileSync(join(dir, filesOf(dir, 'journal')[0] ?? '')).length
    writer.append(chunks(2, 3))
    await firstBatch(log, writer.id, 2)
    const copy = fresh()
    cpSync(dir, copy, { recursive: true, filter: (path) => !path.includes('lock') })
    await log.close()
    const name = filesOf(copy, 'journal')[0] ?? ''
    const whole = readFileSync(join(copy, name))
    assert.ok(whole.length > before)
    for (let length = before; length <= whole.length; length++) {
      const torn = fresh()
      cpSync(copy, torn, { recursive: true })
      truncateSync(join(torn, name), length)
      const again = await openLog(torn)
      const entries = await gather(again, writer.id)
      const kept = length === whole.length ? 5 : 3
      assert.deepEqual(
        entries.map(({ offset, data }) => (offset < kept ? data : JSON.parse(data).error.code)),
        [...chunks(kept).map(({ data }) => data), 'producer_lost'],
      )
      await again.close()
      rmSync(torn, { recursive: true })
    }
  })

  test('a torn end is left out once and for all: a stream taken up again after it stays whole', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    const writer = log.create(init())
    writer.append(chunks(3))
    await log.close()
    const path = join(dir, filesOf(dir, 'journal')[0] ?? '')
    writeFileSync(path, readFileSync(path).subarray(32, 82), { flag: 'a' })
    for (let life = 0; life < 3; life++) {
      const again = await openLog(dir, {
        onDamage: (damage) => assert.fail(JSON.stringify(damage)),
        onOrphan: (state, taken) => {
          assert.equal(state.last, 2 + life)
          taken.append(chunks(1, 3 + life))
        },
      })
      await again.close()
    }
    const last = await openLog(dir)
    assert.deepEqual(
      (await gather(last, writer.id)).map(({ kind }) => kind),
      [...chunks(6).map(({ kind }) => kind), 'error'],
    )
    await last.close()
  })

  test('random damage is never delivered and never passed over in silence', async () => {
    const report = await damageTrials(fresh(), 150, 20_260_101)
    assert.deepEqual(report.silent, [])
    assert.ok(report.cut > 50, 'the damage must have been met')
    assert.ok(report.whole > 3_000, 'and must not hurt the others')
  })

  test('a lost record in the middle ends its stream with log_damaged, above all that readers had', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    const [hurt, other] = [log.create(init()), log.create(init())]
    for (let i = 0; i < 5; i++) {
      hurt.append([{ kind: 'chunk', data: `hurt ${i}` }])
      other.append([{ kind: 'chunk', data: `other ${i}` }])
      await firstBatch(log, hurt.id, i - 1)
    }
    await log.close()
    const path = join(dir, filesOf(dir, 'journal')[0] ?? '')
    const bytes = readFileSync(path)
    bytes[bytes.indexOf('hurt 2')] = 0x48
    writeFileSync(path, bytes)
    const damages: unknown[] = []
    const again = await openLog(dir, { onDamage: (damage) => damages.push(damage) })
    assert.equal(damages.length, 1)
    const entries = await gather(again, hurt.id)
    assert.deepEqual(
      entries.slice(0, -1).map(({ data }) => data),
      ['hurt 0', 'hurt 1'],
    )
    const end = entries.at(-1)
    assert.ok(end !== undefined && end.offset > 4)
    assert.equal(JSON.parse(end.data).error.code, 'log_damaged')
    assert.deepEqual(await gather(again, hurt.id, 4), [end], 'who had read further is told as well')
    assert.deepEqual(await gather(again, hurt.id, end.offset), [])
    assert.equal((await stateOf(again, hurt.id)).outcome?.error?.code, 'log_damaged')
    assert.equal((await gather(again, other.id)).length, 6)
    await again.close()
    const third = await openLog(dir)
    assert.deepEqual(await gather(third, hurt.id), entries)
    await third.close()
  })

  test('a kept stream whose block was changed ends with log_damaged for everybody', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    const writer = await closedStream(log, {}, 50)
    const sound = await closedStream(log, {}, 50)
    await log.close()
    const path = join(dir, filesOf(dir, 'archive')[0] ?? '')
    const bytes = readFileSync(path)
    bytes[100] = (bytes[100] ?? 0) ^ 4
    writeFileSync(path, bytes)
    const again = await openLog(dir)
    assert.equal((await stateOf(again, writer.id)).status, 'completed', 'nobody has looked yet')
    const [a, b] = await Promise.all([gather(again, writer.id), gather(again, writer.id, 20)])
    assert.deepEqual(a, b)
    assert.equal(a.length, 1)
    assert.equal(JSON.parse(a[0]?.data ?? '').error.code, 'log_damaged')
    assert.equal((await stateOf(again, writer.id)).status, 'failed')
    assert.equal((await gather(again, sound.id)).length, 50)
    await again.close()
  })
})

describe('file log: one log at a time', () => {
  test('a directory in use is refused, by another process and by this one, and says who has it', async () => {
    const dir = fresh()
    const log = await openLog(dir)
    await assert.rejects(openLog(dir), {
      code: 'log_unavailable',
      message: new RegExp(`in use by process ${process.pid}`),
    })
    const other = spawn(process.execPath, [child, dir, '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    other.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    const code = await new Promise((resolve) => other.once('close', resolve))
    assert.notEqual(code, 0)
    assert.match(said, new RegExp(`in use by process ${process.pid} since`))
    await log.close()
    await (await openLog(dir)).close()
  })

  test('the directory of a killed process can be taken at once', async () => {
    const dir = fresh()
    await live(dir, 0, 'process', 20)
    await (await openLog(dir)).close()
  })
})

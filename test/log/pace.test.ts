import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Pace } from '../../src/log/pace.ts'
import type { StreamLog } from '../../src/log/stream-log.ts'
import { createFaultyDisk, freshDirs, openLog, until } from './file-support.ts'
import { chunks, init } from './support.ts'

const fresh = freshDirs()

/** A pace whose groups do nothing, how many there were, and a clock that is set by hand. */
function createPace(): { readonly pace: Pace; readonly groups: () => number; readonly setTime: (ms: number) => void } {
  let count = 0
  let time = 0
  const go = (): void => {
    count++
    pace.started()
  }
  const pace = new Pace(go, () => time)
  return { pace, groups: () => count, setTime: (ms) => (time = ms) }
}

function askOften(pace: Pace): void {
  for (let i = 0; i < 100; i++) pace.ask()
}

describe('when a group starts', () => {
  test('with the end of the turn, the first time', async () => {
    const { pace, groups } = createPace()
    askOften(pace)
    assert.equal(groups(), 0)
    await new Promise(setImmediate)
    assert.equal(groups(), 1)
  })

  test('not before others have gathered, then by a timer', async () => {
    const { pace, groups, setTime } = createPace()
    pace.started()
    setTime(0.25)
    askOften(pace)
    pace.goOn()
    assert.equal(groups(), 0)
    while (groups() === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.equal(groups(), 1)
  })

  test('in the middle of a turn that does not end, again and again', () => {
    const { pace, groups, setTime } = createPace()
    for (let ms = 0; ms < 100; ms++) {
      setTime(ms)
      askOften(pace)
    }
    assert.ok(groups() >= 50, `${groups()} groups in 100 ms`)
  })

  test('at once for what has gathered while a write was under way', () => {
    const { pace, groups, setTime } = createPace()
    pace.started()
    setTime(10)
    pace.goOn()
    assert.equal(groups(), 1)
  })
})

describe('a log whose event loop has no end to its turn', () => {
  test('writes in the middle of it', async () => {
    const disk = createFaultyDisk()
    let writes = 0
    const counting = {
      ...disk,
      write: (...args: Parameters<typeof disk.write>) => {
        writes++
        return disk.write(...args)
      },
    }
    const log = await openLog(fresh(), { disk: counting })
    const writer = log.create(init())
    await new Promise((resolve) => setTimeout(resolve, 20))
    const before = writes
    const end = performance.now() + 50
    while (performance.now() < end) {
      writer.append(chunks(1))
      // Microtasks only, as between the reads of one turn.
      await Promise.resolve()
    }
    assert.ok(writes > before)
    await log.close()
  })
})

describe('a reader that appends', () => {
  test('to another stream of the group that is being given out does not make that readable before it is safe', async () => {
    const disk = createFaultyDisk()
    const log = await openLog(fresh(), { disk })
    const first = log.create(init())
    const second = log.create(init())
    await new Promise((resolve) => setTimeout(resolve, 20))
    let release: (() => void) | undefined
    let seen = 0
    let sent = 1
    const readings = [
      flow(log, first.id, () => {
        release ??= disk.hang()
        // So often and for so long that a group would be due.
        const end = performance.now() + 5
        while (performance.now() < end) {
          second.append(chunks(1))
          sent++
        }
      }),
      flow(log, second.id, (count) => (seen += count)),
    ]
    first.append(chunks(1))
    second.append(chunks(1))
    await until(() => seen > 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(seen, 1)
    release?.()
    await Promise.all([first.close({ status: 'completed' }), second.close({ status: 'completed' })])
    await Promise.all(readings)
    assert.equal(seen, sent)
    await log.close()
  })
})

async function flow(log: StreamLog, id: string, onBatch: (count: number) => unknown): Promise<void> {
  await log.read(id, -1).flow?.(({ entries }) => {
    onBatch(entries.length)
    return true
  })
}

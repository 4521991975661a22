import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Entry, NewEntry, StreamLog } from '../../src/log/stream-log.ts'
import type { OpenLog } from './conformance.ts'
import { createClock, gather, init } from './support.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 40 })

const entry: fc.Arbitrary<NewEntry> = fc.oneof(
  { weight: 8, arbitrary: text.map((data): NewEntry => ({ kind: 'chunk', data })) },
  { weight: 1, arbitrary: fc.tuple(text, text).map(([name, data]): NewEntry => ({ kind: 'event', name, data })) },
  { weight: 1, arbitrary: text.map((data): NewEntry => ({ kind: 'usage', data })) },
)

/** A stream: what is appended together, and whether the loop turns in between. */
const stream = fc.array(fc.record({ entries: fc.array(entry, { maxLength: 6 }), pause: fc.boolean() }), {
  maxLength: 12,
})

/** A reader: how many entries it reads before it leaves and comes back with its last offset. */
const visits = fc.array(fc.nat(7), { maxLength: 12 })

/** The laws of a log over random streams and readers. */
export function properties(open: OpenLog): void {
  test('pieces gathered over any number of resumes are exactly the stream, offsets grow by one, one terminal', async () => {
    const log = await open({ now: createClock().now })
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(stream, { minLength: 1, maxLength: 4 }),
          fc.array(visits, { maxLength: 4 }),
          (plans, readers) => holds(log, plans, readers),
        ),
        { numRuns: 60 },
      )
    } finally {
      await log.close()
    }
  })

  test('a reader that starts after any offset of a closed stream is given exactly the suffix', async () => {
    const log = await open({ now: createClock().now })
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(entry, { maxLength: 30 }),
          fc.integer({ min: -1, max: 35 }),
          async (entries, after) => {
            const writer = log.create(init())
            writer.append(entries)
            await writer.close({ status: 'completed' })
            assert.deepEqual(await gather(log, writer.id, after), numbered(entries).slice(after + 1))
          },
        ),
        { numRuns: 100 },
      )
    } finally {
      await log.close()
    }
  })
}

type Plan = readonly { readonly entries: readonly NewEntry[]; readonly pause: boolean }[]

async function holds(log: StreamLog, plans: readonly Plan[], readers: readonly (readonly number[])[]): Promise<void> {
  await Promise.all(
    plans.map(async (plan) => {
      const writer = log.create(init())
      const gathered = readers.map((steps) => visit(log, writer.id, steps))
      for (const { entries, pause } of plan) {
        writer.append(entries)
        if (pause) await new Promise(setImmediate)
      }
      writer.append([{ kind: 'done', data: '[DONE]' }])
      await writer.close({ status: 'completed' })
      const whole = numbered([...plan.flatMap((step) => step.entries), { kind: 'done', data: '[DONE]' }])
      for (const pieces of await Promise.all(gathered)) assert.deepEqual(pieces, whole)
      assert.deepEqual(await gather(log, writer.id), whole)
    }),
  )
}

async function visit(log: StreamLog, id: string, steps: readonly number[]): Promise<Entry[]> {
  const pieces: Entry[] = []
  for (const step of steps) pieces.push(...(await gather(log, id, pieces.at(-1)?.offset ?? -1, step)))
  pieces.push(...(await gather(log, id, pieces.at(-1)?.offset ?? -1)))
  return pieces
}

function numbered(entries: readonly NewEntry[]): Entry[] {
  return entries.map((given, offset) => ({ offset, ...given }))
}

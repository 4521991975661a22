import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startRig } from '../support/gateway.ts'
import { Random } from './random.ts'
import { gather, type Connect, type Tally } from './resume/gather.ts'
import { runPart, type Part } from './resume/part.ts'
import type { Told } from './resume/pieces.ts'
import { makeStory } from './resume/story.ts'
import { Violations } from './violations.ts'

/** Frames as a gateway sends them, from the start, in one connection; then 204. */
function scripted(frames: readonly string[]): Connect {
  const rest = [frames.join('')]
  return () => {
    const text = rest.pop()
    const reads = text === undefined ? [] : [new TextEncoder().encode(text)]
    const read = (): Promise<Uint8Array | 'end'> => Promise.resolve(reads.pop() ?? 'end')
    return Promise.resolve({ status: text === undefined ? 204 : 200, read, leave: () => {} })
  }
}

/** What the checker finds in a stream whose frames were tampered with. */
async function found(tamper: (frames: string[]) => string[]): Promise<readonly string[]> {
  const told: Told = { id: 'st_x', story: makeStory(new Random(5)), terminal: undefined }
  const frames = told.story.entries.map(
    ({ data }, offset) => `id: st_x:${offset}\ndata: ${data || '{"error":{"message":"e"}}'}\n\n`,
  )
  const violations = new Violations()
  const tally: Tally = { resumes: 0, events: 0, wholes: 0 }
  // Both ways to read: the first draw of a reader's random decides between full and compact.
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const around = { random: new Random(seed), violations, tally, patience: () => () => {}, goesOn: () => false }
    await gather(told, scripted(tamper([...frames])), around)
  }
  return violations.list().map(({ what }) => what)
}

describe('resuming under chaos', () => {
  for (const log of ['memory', 'file'] as const) {
    for (const way of ['in memory', 'sockets'] as const) {
      test(`every reader of the ${log} log, ${way}, gathers exactly the stream over any number of resumes`, async () => {
        const streams = way === 'sockets' ? 6 : 30
        const part: Part = { log, way, streams, resumes: 40, seed: 1 }
        const { broken, resumes, wholes } = await runPart(part)
        assert.deepEqual(broken, [])
        assert.ok(resumes >= streams * part.resumes, `${resumes} resumes`)
        assert.ok(wholes >= streams * 3, `${wholes} streams read whole`)
      })
    }
  }

  test('a stream that is larger than a socket’s buffer is replayed whole, at once', async () => {
    await using rig = await startRig()
    const told = await rig.chat({ model: 'sim:tokens=300,interval=0,first=0', stream: true })
    const live = await told.text()
    const url = `${rig.url}/streams/${told.headers.get('x-stream-id')}?replay=full`
    const again = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    assert.equal(await again.text(), live)
    assert.ok(live.length > 96 * 1024, `${live.length} characters`)
  })

  test('the checker accepts a stream that nothing was done to', async () => {
    assert.deepEqual(await found((frames) => frames), [])
  })

  const tampered: readonly (readonly [string, (frames: string[]) => string[]])[] = [
    ['a lost event', (frames) => frames.toSpliced(3, 1)],
    ['a repeated event', (frames) => frames.toSpliced(3, 0, frames[3] ?? '')],
    ['a changed event', (frames) => frames.with(3, (frames[3] ?? '').replace('"content":"', '"content":"!'))],
    ['two events in the wrong order', (frames) => frames.with(3, frames[4] ?? '').with(4, frames[3] ?? '')],
    ['an end without a terminal', (frames) => frames.slice(0, -1)],
    ['a second terminal', (frames) => [...frames, frames.at(-1) ?? '']],
    ['an event without an id', (frames) => frames.with(3, (frames[3] ?? '').replace(/^id.*\n/, ''))],
  ]
  for (const [what, tamper] of tampered) {
    test(`the checker sees ${what}`, async () => {
      assert.notDeepEqual(await found(tamper), [])
    })
  }
})

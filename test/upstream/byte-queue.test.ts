import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ByteQueue, type Faucet } from '../../src/upstream/byte-queue.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function gather(queue: ByteQueue): Promise<string[]> {
  const batches: string[] = []
  for await (const batch of queue) batches.push(batch.map((part) => new TextDecoder().decode(part)).join('+'))
  return batches
}

const FAUCET: Faucet = { pause() {}, resume() {}, left() {} }

describe('the queue between a socket and its reader', () => {
  test('gives what arrived since the last pull as one batch', async () => {
    const queue = new ByteQueue(FAUCET)
    queue.push(bytes('a'))
    queue.push(bytes('b'))
    queue.finish()
    assert.deepEqual(await gather(queue), ['a+b'])
  })

  test('gives a waiting reader what comes, as it comes', async () => {
    const queue = new ByteQueue(FAUCET)
    const gathered = gather(queue)
    queue.push(bytes('a'))
    await Promise.resolve()
    queue.push(bytes('b'))
    queue.finish()
    assert.equal((await gathered).join('+'), 'a+b')
  })

  test('gives out what came before an error, then the error', async () => {
    const queue = new ByteQueue(FAUCET)
    queue.push(bytes('a'))
    queue.finish(new Error('reset'))
    assert.equal((await queue.next()).done, false)
    await assert.rejects(queue.next(), /reset/)
  })

  test('holds the socket back above its limit, and lets it go once read', async () => {
    const calls: string[] = []
    const queue = new ByteQueue({ ...FAUCET, pause: () => calls.push('pause'), resume: () => calls.push('resume') }, 3)
    queue.push(bytes('aa'))
    queue.push(bytes('bb'))
    queue.push(bytes('cc'))
    assert.deepEqual(calls, ['pause'])
    await queue.next()
    assert.deepEqual(calls, ['pause', 'resume'])
  })

  test('tells when its reader stops early, once', async () => {
    let left = 0
    const queue = new ByteQueue({ ...FAUCET, left: () => left++ })
    queue.push(bytes('a'))
    for await (const batch of queue) {
      assert.equal(batch.length, 1)
      break
    }
    queue.push(bytes('b'))
    assert.equal((await queue.next()).done, true)
    assert.equal(left, 1)
  })
})

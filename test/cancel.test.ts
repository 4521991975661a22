import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Cancellation, type CancelListener, type CancelSignal } from '../src/cancel.ts'

type Step = 'abort' | readonly ['add' | 'remove', number]

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Step>('abort') },
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom('add' as const, 'remove' as const), fc.nat(3)) },
)

/** Who was told, in order, and what the signal said in between. */
function play(steps: readonly Step[], signal: CancelSignal, abort: (reason: Error) => void): readonly unknown[] {
  const told: unknown[] = []
  const listeners: readonly CancelListener[] = [0, 1, 2, 3].map((nth) => {
    const tell = (): void => void told.push(nth)
    return nth % 2 === 0 ? tell : { handleEvent: tell }
  })
  const reason = new Error('enough')
  for (const one of steps) {
    if (one === 'abort') abort(reason)
    else {
      const listener = listeners[one[1]] ?? assert.fail('there are four')
      if (one[0] === 'add') signal.addEventListener('abort', listener, { once: true })
      else signal.removeEventListener('abort', listener)
    }
    told.push(signal.aborted, signal.reason === reason)
  }
  return told
}

describe('a cancellation', () => {
  test('tells whom the platform would tell, in its order, and as often', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const platform = new AbortController()
        const ours = new Cancellation()
        assert.deepEqual(
          play(steps, ours, (reason) => ours.abort(reason)),
          play(steps, platform.signal, (reason) => platform.abort(reason)),
        )
      }),
    )
  })

  test('throws its reason once it is aborted, and not before', () => {
    const cancellation = new Cancellation()
    cancellation.throwIfAborted()
    cancellation.abort(new Error('enough'))
    assert.throws(() => cancellation.throwIfAborted(), /enough/)
  })

  test('tells all, also when one of them throws, and then throws that', () => {
    const cancellation = new Cancellation()
    let told = 0
    cancellation.addEventListener('abort', () => {
      throw new Error('first')
    })
    cancellation.addEventListener('abort', () => told++)
    assert.throws(() => cancellation.abort(new Error('enough')), /first/)
    assert.equal(told, 1)
  })

  test('tells nobody who comes while it tells, and nobody twice', () => {
    const cancellation = new Cancellation()
    const told: string[] = []
    cancellation.addEventListener('abort', () => {
      told.push('first')
      cancellation.addEventListener('abort', () => told.push('late'))
    })
    cancellation.abort(new Error('enough'))
    cancellation.abort(new Error('again'))
    assert.deepEqual(told, ['first'])
  })
})

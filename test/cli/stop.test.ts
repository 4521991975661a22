import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { describe, test } from 'node:test'
import { stopOnSignal } from '../../src/cli/stop.ts'

class Exit extends Error {
  readonly exitCode: number
  constructor(exitCode: number) {
    super(`exit ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** A process that gets signals when told to, at a time that is told. */
class Signals extends EventEmitter {
  time = 1_000
  exit(code: number): never {
    throw new Exit(code)
  }
  send(signal: 'SIGINT' | 'SIGTERM'): void {
    this.emit(signal, signal)
  }
}

describe('stopping on a signal', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} shuts down once, and listens no more when that is done`, async () => {
      const source = new Signals()
      const down = Promise.withResolvers<void>()
      let calls = 0
      const stopped = stopOnSignal(
        () => ((calls += 1), down.promise),
        source,
        () => source.time,
      )
      source.send(signal)
      assert.equal(calls, 1)
      down.resolve()
      await stopped
      assert.deepEqual([source.listenerCount('SIGINT'), source.listenerCount('SIGTERM')], [0, 0])
    })
  }

  test('the same Ctrl-C that arrives twice counts once', () => {
    const source = new Signals()
    let calls = 0
    void stopOnSignal(
      () => ((calls += 1), new Promise(() => {})),
      source,
      () => source.time,
    )
    source.send('SIGINT')
    source.time += 250
    source.send('SIGINT')
    assert.equal(calls, 1)
  })

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    test(`a second ${signal} exits at once with ${code}`, () => {
      const source = new Signals()
      void stopOnSignal(
        () => new Promise(() => {}),
        source,
        () => source.time,
      )
      source.send('SIGTERM')
      source.time += 251
      assert.throws(() => source.send(signal), { exitCode: code })
    })
  }

  test('a shutdown that fails is told', async () => {
    const source = new Signals()
    const stopped = stopOnSignal(
      () => Promise.reject(new Error('no')),
      source,
      () => source.time,
    )
    source.send('SIGTERM')
    await assert.rejects(stopped, { message: 'no' })
  })
})

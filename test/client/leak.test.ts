import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { OpenAI } from '../../src/client/index.ts'
import { answer, EVENTS, startProvider } from '../support/provider.ts'
import { ASK } from './wire.ts'

const STREAMS = 10_000
const AT_ONCE = 20

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Bytes of heap that are in use, after what can be collected was. */
async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect()
    await setImmediate()
  }
  return process.memoryUsage().heapUsed
}

test(
  '10,000 streams, a third of them left early, leave heap, sockets and timers where they were',
  { timeout: 240_000 },
  async (t) => {
    const wire = answer(...Array.from({ length: 30 }, (_, i) => `word ${i} `))
    await using provider = await startProvider((response) => {
      response.writeHead(200, EVENTS)
      response.write(wire.slice(0, 2_000))
      setImmediate().then(
        () => response.end(wire.slice(2_000)),
        () => undefined,
      )
    })
    // The server remembers every request; that is its affair.
    const forget = (): void => void (provider.requests as unknown[]).splice(0)
    const client = new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' })
    const { signal } = new AbortController()
    const one = async (n: number): Promise<void> => {
      const stream = await client.chat.completions.create(ASK, { signal, timeout: { betweenTokens: 60_000 } })
      let pieces = 0
      for await (const _ of stream.text()) if (n % 3 === 0 && ++pieces === 3) break
    }
    const run = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => one(n + i)))
        forget()
      }
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    await run(1_000)
    const before = await heap()
    const socketsBefore = provider.sockets
    const timersBefore = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    await run(STREAMS)
    const grown = (await heap()) - before
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length - timersBefore
    t.diagnostic(
      `${STREAMS} streams: heap ${(grown / 1024).toFixed(0)} KB, sockets ${provider.sockets}, timers ${timers}`,
    )
    assert.ok(grown < 2 * 1024 * 1024, `heap grew by ${grown} bytes`)
    assert.ok(provider.sockets <= socketsBefore + AT_ONCE / 2, `${provider.sockets} sockets, ${socketsBefore} before`)
    assert.ok(timers <= 2, `${timers} timers`)
  },
)

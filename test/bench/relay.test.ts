import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { Load } from '../../bench/load.ts'
import type { StreamShape } from '../../bench/load.ts'
import { Provider } from '../../bench/provider.ts'
import { SCENARIOS, measure } from '../../bench/scenarios.ts'
import type { Scale } from '../../bench/scenarios.ts'
import { TARGETS } from '../../bench/targets.ts'

const TINY: Scale = { seconds: 0.6, warmUp: 0.05, share: 0.02, memoryAt: [0.1, 0.2] }

/** Runs `count` streams through whatever listens on `portOf(provider)` and gives what was tallied. */
async function run(
  shape: StreamShape,
  count: number,
  portOf: (provider: Provider) => Promise<number>,
): Promise<{ tokens: number; streams: number; errors: string[] }> {
  const provider = await Provider.listen()
  try {
    const load = new Load({ port: await portOf(provider) }, provider, shape, false)
    load.tally.begin()
    provider.pace()
    await load.ramp(count, 0)
    const deadline = performance.now() + 5000
    while (load.open > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
    await load.settle(0)
    return { tokens: load.tally.tokens, streams: load.tally.streams, errors: [...load.tally.errors.keys()] }
  } finally {
    await provider.close()
  }
}

describe('the relay benchmark', () => {
  for (const scenario of SCENARIOS) {
    test(`measures ${scenario.name} through the bare pipe without a single wrong token`, async () => {
      const pipe = TARGETS.find(({ name }) => name === 'pipe')
      assert.ok(pipe)
      const { figures, errors } = await measure(scenario, pipe, TINY, undefined)
      assert.deepEqual([...errors], [])
      assert.ok((figures.tokensPerSecond ?? 0) > 0)
      for (const column of scenario.columns) {
        // Compared with direct calls, or read off a pinned core: neither is there in this run.
        if (column.startsWith('added') || column === 'pairedTtft' || column === 'loadCore') continue
        assert.ok(Number.isFinite(figures[column]), `${column} is ${figures[column]}`)
      }
    })
  }

  test('counts every token of paced and of unpaced streams, no more and no less', async () => {
    const direct = (provider: Provider): Promise<number> => Promise.resolve(provider.port)
    const unpaced = await run({ tokens: 10, interval: 0 }, 7, direct)
    assert.deepEqual(unpaced, { tokens: 70, streams: 7, errors: [] })
    const paced = await run({ tokens: 5, interval: 3 }, 40, direct)
    assert.deepEqual(paced, { tokens: 200, streams: 40, errors: [] })
  })
})

/** Changes an answer's events; what it gives is sent instead. An empty last one means: cut the connection. */
type Damage = (events: readonly string[]) => readonly string[]

const TOKEN_5 = 5

const DAMAGES: Readonly<Record<string, readonly [Damage, string]>> = {
  'drops a token': [(events) => events.toSpliced(TOKEN_5, 1), 'token count differs'],
  'repeats a token': [(events) => events.toSpliced(TOKEN_5, 0, events[TOKEN_5] ?? ''), 'token count differs'],
  'swaps two tokens': [
    (events) => events.toSpliced(TOKEN_5, 2, events[TOKEN_5 + 1] ?? '', events[TOKEN_5] ?? ''),
    'text differs',
  ],
  'changes one digit': [
    (events) => events.with(TOKEN_5, (events[TOKEN_5] ?? '').replace('"content":"0', '"content":"9')),
    'text differs',
  ],
  'forgets the finish_reason': [(events) => events.filter((event) => !event.includes('"stop"')), 'no finish_reason'],
  'forgets [DONE]': [(events) => events.filter((event) => !event.includes('[DONE]')), 'no [DONE]'],
  'sends an error event': [
    (events) => events.toSpliced(TOKEN_5, 0, 'data: {"error":{"message":"broken"}}'),
    'error event, or content after the end',
  ],
  'goes on after [DONE]': [(events) => [...events, events[TOKEN_5] ?? ''], 'error event, or content after the end'],
  'cuts the connection': [(events) => [...events.slice(0, TOKEN_5), ''], 'cut'],
}

/** A proxy that reads the whole answer and passes on what `damage` makes of it. */
async function startDamagingProxy(port: number, damage: Damage): Promise<Server> {
  const proxy = createServer((incoming, response) => {
    const { url: path, headers } = incoming
    const upstream = request({ host: '127.0.0.1', port, method: 'POST', path, headers }, (answer) => {
      void answerDamaged(answer, response, damage)
    })
    incoming.pipe(upstream)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return proxy
}

async function answerDamaged(answer: IncomingMessage, response: ServerResponse, damage: Damage): Promise<void> {
  const text = Buffer.concat(await answer.toArray()).toString()
  const events = damage(text.split('\n\n').filter((event) => event !== ''))
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events.filter((each) => each !== '')) response.write(`${event}\n\n`)
  if (events.at(-1) === '') response.socket?.end()
  else response.end()
}

describe('a target that is wrong is found out', () => {
  for (const [name, [damage, reason]] of Object.entries(DAMAGES)) {
    test(`one that ${name}: ${reason}`, async (t) => {
      const { streams, errors } = await run({ tokens: 10, interval: 0 }, 1, async (provider) => {
        const proxy = await startDamagingProxy(provider.port, damage)
        t.after(() => {
          proxy.closeAllConnections()
          proxy.close()
        })
        return (proxy.address() as AddressInfo).port
      })
      assert.equal(streams, 0)
      assert.deepEqual(errors, [reason])
    })
  }
})

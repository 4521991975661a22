import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { plainHouse, said } from '../interop/houses.ts'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'
import { eventsOf } from '../support/sse.ts'
import { until } from '../support/until.ts'
import { environment, serveExample } from './run.ts'

/** The relays of seeds 0 and 2 in four frameworks, each run as a server and asked as a page would ask it. */

const RELAYS = [
  ['relay-express', '/stream-chat', { max_tokens: 200 }],
  ['relay-hono', '/stream', {}],
  ['relay-fastify', '/stream', {}],
  ['relay-node', '/stream-chat', {}],
] as const

const data = (text: string): readonly { content?: string; done?: boolean; error?: string }[] =>
  eventsOf(text).map((event) => JSON.parse(event.data))

/** Asks a relay, and reads all of it. */
async function ask(get: (path: string) => Response | Promise<Response>, path: string, message?: string) {
  const response = await get(message === undefined ? path : `${path}?message=${encodeURIComponent(message)}`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  return data(await response.text())
}

describe('the servers', { concurrency: 2 }, () => {
  let rig: Rig
  let env: Readonly<Record<string, string>>
  before(async () => {
    rig = await plainHouse()
    env = environment(rig)
  })
  after(() => rig?.[Symbol.asyncDispose]())

  function isWhole(events: ReturnType<typeof data>, answer: string): void {
    assert.deepEqual(events.at(-1), { done: true })
    assert.equal(events.map(({ content }) => content ?? '').join(''), answer)
    for (const event of events.slice(0, -1)) assert.equal(event.done, false)
  }

  for (const [name, path, more] of RELAYS) {
    test(`${name} relays an answer, and a failure as an event`, async () => {
      await using server = await serveExample(name, env)
      const get = (where: string): Promise<Response> => fetch(`${server.url}${where}`)
      isWhole(await ask(get, path, 'Расскажи анекдот'), said('Расскажи анекдот', more))
      isWhole(await ask(get, path), said('Привет!', more))
      await using down = await serveExample(name, { ...env, SLUICE_URL: `${rig.url}/nowhere` })
      const failed = await ask((where) => fetch(`${down.url}${where}`), path, 'Hello')
      assert.equal(failed.length, 1)
      assert.equal(failed[0]?.done, true)
      assert.match(failed[0]?.error ?? '', /404/)
    })
  }

  test('relay-next is a function from a request to a response', async () => {
    // A handler of a framework has no process of its own: it is called in this one, from source.
    await import(new URL('../../scripts/from-source.mjs', import.meta.url).href)
    const { GET } = await import('../../examples/relay-next.ts')
    const kept = process.env['SLUICE_URL']
    process.env['SLUICE_URL'] = env['SLUICE_URL']
    try {
      const get = (path: string): Promise<Response> => GET(new Request(`http://page.test${path}`))
      isWhole(await ask(get, '/stream', 'Расскажи анекдот'), said('Расскажи анекдот'))
      process.env['SLUICE_URL'] = `${rig.url}/nowhere`
      const failed = await ask(get, '/stream')
      assert.match(failed[0]?.error ?? '', /404/)
    } finally {
      if (kept === undefined) delete process.env['SLUICE_URL']
      else process.env['SLUICE_URL'] = kept
    }
  })

  test('chat-stream-server gives plain text over SSE, and refuses what is no conversation', async () => {
    await using server = await serveExample('chat-stream-server', env)
    const post = (body: unknown): Promise<Response> =>
      fetch(`${server.url}/chat/stream`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    const response = await post({ messages: [{ role: 'user', content: 'Tell me a story' }] })
    const events = eventsOf(await response.text())
    assert.equal(events.at(-1)?.data, '[DONE]')
    const text = events
      .slice(0, -1)
      .map((event) => event.data)
      .join('')
    assert.equal(text, said('Tell me a story', { max_tokens: 4_096 }), 'line feeds and all')
    for (const wrong of [{}, { messages: [] }, { messages: [{ role: 'robot', content: 'x' }] }, 'x']) {
      assert.equal((await post(wrong)).status, 422)
    }
    const unknown = await post({ model: 'no-such-model', messages: [{ role: 'user', content: 'x' }] })
    assert.equal(unknown.status, 502)
    assert.match(await unknown.text(), /no-such-model/)
  })
})

test('a relay whose page has gone stops the model', async () => {
  await using slow = await startRig({
    config: (simulator) => ({
      routes: new Map([
        ['default', route('default', [target(plainProvider(simulator.url), 'sim:tokens=5000,interval=5ms')])],
      ]),
    }),
  })
  for (const name of ['relay-express', 'relay-hono', 'relay-fastify', 'relay-node'] as const) {
    await using server = await serveExample(name, environment(slow))
    const page = new AbortController()
    const path = RELAYS.find(([relay]) => relay === name)?.[1] ?? ''
    const response = await fetch(`${server.url}${path}?message=Hello`, { signal: page.signal })
    await response.body?.getReader().read()
    assert.equal(slow.simulator.open, 1)
    page.abort()
    await until(() => slow.simulator.open === 0, 10_000, `${name} lets go`)
  }
})

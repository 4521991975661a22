import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { answerFor } from '../../src/simulator/index.ts'
import { startRig, type Rig } from '../support/gateway.ts'
import { eventsOf, offsetsOf, readEvents, textOf } from '../support/sse.ts'
import { until } from '../support/until.ts'

/** PROTOCOL 1 and 5: a stream can be read again, from anywhere, by whoever owns it. */

const QUICK = 'sim:tokens=40,interval=0ms,first=0ms'
const SLOW = 'sim:tokens=400,interval=20ms,first=0ms'
const messages = [{ role: 'user' as const, content: 'Tell me a story' }]
const whole = answerFor({ model: QUICK, messages })

let rig: Rig
before(async () => void (rig = await startRig()))
after(() => rig[Symbol.asyncDispose]())

/** A finished stream: its id, and the events that its first reader got. */
async function finished(): Promise<{ id: string; url: string; events: ReturnType<typeof eventsOf> }> {
  const response = await rig.chat({ model: QUICK, stream: true })
  const id = response.headers.get('x-stream-id') ?? ''
  return { id, url: `${rig.url}/streams/${id}`, events: eventsOf(await response.text()) }
}

/** A stream that is still being produced, and has been read up to `count` events. */
async function running(count: number): Promise<{ id: string; url: string; events: ReturnType<typeof eventsOf> }> {
  const response = await rig.chat({ model: SLOW, stream: true })
  const id = response.headers.get('x-stream-id') ?? ''
  return { id, url: `${rig.url}/streams/${id}`, events: await readEvents(response, count) }
}

const seen = (id: string, offset: number): RequestInit => ({ headers: { 'last-event-id': `${id}:${offset}` } })

describe('reading a stream again', () => {
  test('its response says how: id, resume link, no buffering, no caching', async () => {
    const response = await rig.chat({ model: QUICK, stream: true })
    const id = response.headers.get('x-stream-id') ?? ''
    assert.match(id, /^st_[A-Za-z0-9_-]{22}$/)
    assert.equal(response.headers.get('link'), `</v1/streams/${id}>; rel="resume"`)
    assert.equal(response.headers.get('x-accel-buffering'), 'no')
    assert.equal(response.headers.get('cache-control'), 'no-store, no-transform')
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8')
    await response.text()
  })

  test('every event has an id, one after the other, [DONE] too', async () => {
    const { events } = await finished()
    assert.deepEqual(
      offsetsOf(events),
      events.map((_, index) => index),
    )
    assert.equal(events.at(-1)?.data, '[DONE]')
  })

  test('after any event, what follows is exactly the rest (replay=full)', async () => {
    const { id, url, events } = await finished()
    for (let offset = -1; offset < events.length - 1; offset++) {
      const init = offset === -1 ? {} : seen(id, offset)
      const rest = eventsOf(await (await fetch(`${url}?replay=full`, init)).text())
      assert.deepEqual(rest, events.slice(offset + 1))
    }
  })

  test('a replay is compact unless told: fewer events, the same text, ids of the last members', async () => {
    const { id, url, events } = await finished()
    for (const offset of [-1, 0, 5, events.length - 4]) {
      const rest = eventsOf(await (await fetch(url, offset === -1 ? {} : seen(id, offset))).text())
      assert.equal(textOf(events.slice(0, offset + 1)) + textOf(rest), whole)
      assert.ok(rest.length <= 6, `${rest.length} events`)
      const offsets = offsetsOf(rest)
      assert.deepEqual(
        offsets,
        offsets.toSorted((a, b) => a - b),
      )
      assert.equal(offsets.at(-1), events.length - 1)
    }
  })

  test('?after= does what Last-Event-ID does; -1 is the start', async () => {
    const { id, url, events } = await finished()
    const rest = eventsOf(await (await fetch(`${url}?replay=full&after=${id}:7`)).text())
    assert.deepEqual(rest, events.slice(8))
    assert.deepEqual(eventsOf(await (await fetch(`${url}?replay=full&after=-1`)).text()), events)
  })

  test('an open stream is replayed, then tailed to its end', async () => {
    const first = await rig.chat({ model: 'sim:tokens=60,interval=5ms,first=0ms', stream: true })
    const id = first.headers.get('x-stream-id') ?? ''
    const head = await readEvents(first, 10)
    const rest = eventsOf(await (await fetch(`${rig.url}/streams/${id}?replay=full`, seen(id, 9))).text())
    const offsets = offsetsOf([...head, ...rest])
    assert.deepEqual(
      offsets,
      offsets.map((_, index) => index),
    )
    assert.equal(rest.at(-1)?.data, '[DONE]')
  })

  test('?after=now gives only what is still to come', async () => {
    const { url } = await running(5)
    const [event] = await readEvents(await fetch(`${url}?after=now`), 1)
    assert.ok((offsetsOf(event === undefined ? [] : [event])[0] ?? 0) >= 5)
  })

  test('a reader that has the end of a closed stream gets 204, which stops an EventSource', async () => {
    const { id, url, events } = await finished()
    for (const offset of [events.length - 1, events.length + 50]) {
      assert.equal((await fetch(url, seen(id, offset))).status, 204)
    }
    assert.equal((await fetch(`${url}?after=now`)).status, 204)
  })

  test('a cursor beyond the head of an open stream waits for it', async () => {
    const { id, url } = await running(3)
    const [event] = await readEvents(await fetch(url, seen(id, 30)), 1)
    assert.equal(event?.id, `${id}:31`)
  })

  test('a malformed cursor, or one of another stream, is 400', async () => {
    const { id, url } = await finished()
    const other = await finished()
    for (const cursor of [
      'abc',
      `${id}:`,
      `${id}:-5`,
      `${id}:1.5`,
      `${other.id}:3`,
      '7',
      `${id}:99999999999999999999`,
    ]) {
      const response = await fetch(url, { headers: { 'last-event-id': cursor } })
      assert.equal(response.status, 400, cursor)
      assert.match(await response.text(), /cursor_invalid/)
    }
  })

  test('an unknown stream and a malformed id are one and the same 404', async () => {
    const bodies = new Set<string>()
    for (const id of ['st_AAAAAAAAAAAAAAAAAAAAAA', 'nonsense', 'st_x']) {
      const response = await fetch(`${rig.url}/streams/${id}`)
      assert.equal(response.status, 404)
      bodies.add(await response.text())
    }
    assert.equal(bodies.size, 1)
  })

  test('a POST with Last-Event-ID attaches and never generates', async () => {
    const { id, events } = await finished()
    const already = rig.simulator.requests.length
    const response = await rig.chat(
      { model: QUICK, stream: true },
      { headers: { 'last-event-id': `${id}:4`, 'content-type': 'application/json' } },
    )
    assert.equal(response.headers.get('x-stream-id'), id)
    assert.equal(textOf(events.slice(0, 5)) + textOf(eventsOf(await response.text())), whole)
    assert.equal(rig.simulator.requests.length, already)
  })
})

describe('looking at a stream without reading it', () => {
  test('HEAD tells its status and cursor', async () => {
    const { id, url, events } = await finished()
    const response = await fetch(url, { method: 'HEAD' })
    assert.equal(response.headers.get('x-stream-status'), 'completed')
    assert.equal(response.headers.get('x-stream-cursor'), `${id}:${events.length - 1}`)
    assert.ok(Date.parse(response.headers.get('x-stream-expires-at') ?? '') > Date.now())
    const live = await running(2)
    assert.equal((await fetch(live.url, { method: 'HEAD' })).headers.get('x-stream-status'), 'open')
  })

  test('?format=json gives the completion so far, its status, cursor and timeline', async () => {
    const { id, url, events } = await finished()
    const body: {
      status: string
      cursor: string
      completion: { choices: { message: { content: string } }[] }
      timeline: { type: string }[]
    } = JSON.parse(await (await fetch(`${url}?format=json`)).text())
    assert.equal(body.status, 'completed')
    assert.equal(body.cursor, `${id}:${events.length - 1}`)
    assert.equal(body.completion.choices[0]?.message.content, whole)
    assert.deepEqual(
      body.timeline.map((event) => event.type),
      ['attempt', 'opened', 'first_token', 'ended'],
    )
    const live = await running(20)
    const partial: typeof body = JSON.parse(await (await fetch(`${live.url}?format=json`)).text())
    assert.equal(partial.status, 'open')
    assert.ok((partial.completion.choices[0]?.message.content.length ?? 0) > 0)
  })

  test('the list shows streams newest first, by status and by conversation', async () => {
    const response = await rig.chat(
      { model: QUICK, stream: true },
      { headers: { 'content-type': 'application/json', 'x-stream-conversation': 'c-1' } },
    )
    const id = response.headers.get('x-stream-id')
    await response.text()
    const list = async (query: string): Promise<{ id: string; status: string; created: number }[]> =>
      JSON.parse(await (await fetch(`${rig.url}/streams${query}`)).text()).data
    const all = await list('')
    assert.equal(all[0]?.id, id)
    assert.deepEqual(
      (await list('?conversation=c-1')).map((one) => one.id),
      [id],
    )
    assert.ok((await list('?status=open')).every((one) => one.status === 'open'))
    assert.equal((await fetch(`${rig.url}/streams?status=nope`)).status, 400)
  })
})

describe('ending a stream', () => {
  test('cancel aborts the provider, keeps what arrived, and can be said twice', async () => {
    const { id, url, events } = await running(10)
    const already = rig.simulator.open
    const response = await fetch(`${url}/cancel`, { method: 'POST' })
    assert.equal(response.status, 202)
    const body: { status: string; cursor: string } = JSON.parse(await response.text())
    assert.equal(body.status, 'cancelled')
    await until(() => rig.simulator.open < already, 1_000, 'the provider is let go')
    const kept = eventsOf(await (await fetch(`${url}?replay=full`)).text())
    assert.deepEqual(kept.slice(0, events.length), events)
    assert.equal(JSON.parse(kept.at(-1)?.data ?? '{}').error.code, 'cancelled')
    assert.equal(body.cursor, `${id}:${kept.length - 1}`)
    const again = await fetch(`${url}/cancel`, { method: 'POST' })
    assert.equal(again.status, 202)
    assert.deepEqual(JSON.parse(await again.text()), body)
  })

  test('every reader of a cancelled stream is told so', async () => {
    const { url } = await running(3)
    const other = fetch(url).then((response) => response.text())
    await fetch(`${url}/cancel`, { method: 'POST' })
    assert.match(await other, /"code":"cancelled"/)
  })

  test('DELETE erases: the stream is unknown afterwards', async () => {
    const { url } = await running(3)
    assert.equal((await fetch(url, { method: 'DELETE' })).status, 204)
    assert.equal((await fetch(url)).status, 404)
  })
})

describe('a ticket, for an EventSource that can send no key', () => {
  test('reads one stream, once', async () => {
    const { url } = await finished()
    const other = await finished()
    const issue = async (): Promise<string> =>
      JSON.parse(await (await fetch(`${url}/ticket`, { method: 'POST' })).text()).ticket
    const ticket = await issue()
    assert.match(ticket, /^tk_/)
    assert.equal((await fetch(`${url}?ticket=${ticket}`)).status, 200)
    assert.equal((await fetch(`${url}?ticket=${ticket}`)).status, 404)
    assert.equal((await fetch(`${other.url}?ticket=${await issue()}`)).status, 404)
  })
})

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import { Wheel } from '../../src/simulator/server/wheel.ts'
import { ask, chat, content, dechunk, hear, listen } from './raw.ts'

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

async function until(what: () => boolean): Promise<void> {
  const limit = performance.now() + 5_000
  while (!what()) {
    assert.ok(performance.now() < limit, 'it never came to be')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const encoded = (body: object): string => {
  const text = JSON.stringify(body)
  return `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

describe('pacing', () => {
  test('the head leaves at once, the first token at `first`, the others `interval` apart', async () => {
    await ask(simulator, chat('sim:tokens=6,first=0,interval=0'))
    const started = performance.now()
    const marks: number[] = []
    const answer = await ask(simulator, chat('sim:tokens=6,first=80ms,interval=20ms'), {
      until: () => {
        marks.push(performance.now() - started)
        return false
      },
    })
    const [head = 0, first = 0] = marks
    assert.ok(head < 60, `head after ${head} ms`)
    assert.ok(first >= 79, `first token after ${first} ms`)
    const whole = performance.now() - started
    assert.ok(whole >= 80 + 5 * 20 - 1 && whole < 80 + 5 * 20 + 250, `all after ${whole} ms`)
    // The head, six tokens (the role with the first, the end with the last): each in a read of its own.
    assert.ok(dechunk(answer.body).chunks.length >= 6)
  })

  test('an answer in JSON takes as long as its stream would', async () => {
    const started = performance.now()
    await ask(simulator, chat('sim:tokens=10,first=50ms,interval=10ms', 'x', { stream: false }))
    assert.ok(performance.now() - started >= 149)
  })

  test('with interval=0 a whole answer is one write', async () => {
    const { body } = await ask(simulator, chat('sim:tokens=40,first=0,interval=0'))
    assert.equal(dechunk(body).chunks.length, 1)
  })

  test('the defaults look like a real model', async () => {
    const started = performance.now()
    await ask(simulator, chat('default'), { until: (all) => all.includes('"content":"') })
    assert.ok(performance.now() - started >= 140)
  })

  test('200 streams at once keep their rate', async () => {
    const started = performance.now()
    const model = 'sim:tokens=20,first=10ms,interval=10ms'
    const texts = await Promise.all(Array.from({ length: 200 }, () => listen(simulator, chat(model))))
    assert.ok(texts.every(({ text }) => text === texts[0]?.text))
    assert.equal(texts[0]?.text, answerFor(chat(model)))
    assert.ok(performance.now() - started < 5_000)
  })

  test('one stream that nobody can read fast enough does not keep the others waiting', async () => {
    const flood = connect(simulator.port, '127.0.0.1')
    flood.write(encoded(chat('sim:tokens=50,first=0,interval=0,fault=endless')))
    flood.resume()
    await until(() => flood.bytesRead > 1_000_000)
    assert.equal((await ask(simulator, chat('sim:tokens=2,first=0,interval=0'))).status, 200)
    flood.destroy()
    await until(() => simulator.open === 0)
  })

  test('a reader that stops holds the stream, and gets all of it later', async () => {
    const body = chat('sim:tokens=20000,first=0,interval=0')
    const socket = connect(simulator.port, '127.0.0.1')
    const reads: Buffer[] = []
    socket.on('data', (chunk: Buffer) => reads.push(chunk))
    socket.pause()
    socket.write(encoded(body))
    await until(() => simulator.open === 1)
    // Six megabytes do not fit into what lies between: had nothing held it, it would be over in this time.
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(simulator.open, 1)
    socket.resume()
    await until(() => simulator.open === 0)
    await until(() => reads.at(-1)?.toString().endsWith('0\r\n\r\n') === true)
    const all = Buffer.concat(reads)
    assert.equal(hear(dechunk(all.subarray(all.indexOf('\r\n\r\n') + 4)).data).text, answerFor(body))
    socket.destroy()
  })
})

describe('connections', () => {
  test('are kept alive between answers, and pipelined requests are answered in order', async () => {
    const socket = connect(simulator.port, '127.0.0.1')
    const first = chat('sim:tokens=5,first=20ms,interval=1ms', 'One?', { stream: true })
    const second = chat('sim:tokens=5,first=0,interval=0', 'Two?', { stream: true })
    socket.write(encoded(first) + encoded(second))
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await until(() => text.split('data: [DONE]').length === 3)
    const [one = '', two = ''] = text.split('data: [DONE]')
    const said = (part: string): string =>
      hear(Buffer.from(part.slice(part.indexOf('data: ')).replaceAll(/\r\n[0-9a-f]+\r\n|\r\n/g, ''))).text
    assert.equal(said(one), answerFor(first))
    assert.equal(said(two), answerFor(second))
    socket.destroy()
  })

  test('of HTTP/1.0 get no chunks, and the end of the connection', async () => {
    const body = chat('sim:tokens=5,first=0,interval=0')
    const socket = connect(simulator.port, '127.0.0.1')
    const reads: Buffer[] = []
    socket.on('data', (chunk: Buffer) => reads.push(chunk))
    socket.write(encoded(body).replace('HTTP/1.1', 'HTTP/1.0'))
    await new Promise((resolve) => socket.once('end', resolve))
    const text = Buffer.concat(reads).toString()
    assert.doesNotMatch(text, /transfer-encoding/i)
    assert.equal(hear(Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4))).text, answerFor(body))
  })

  test('that are left are noticed, the stream stopped and everything let go', async () => {
    await using own = await startSimulator()
    await Promise.all(
      Array.from({ length: 100 }, () =>
        ask(own, chat('sim:tokens=1000,first=1ms,interval=5ms'), { until: (all) => all.includes('"content":"') }),
      ),
    )
    await until(() => own.open === 0)
    assert.equal(own.requests.length, 100)
    assert.ok(own.requests.every((seen) => seen.state === 'left' && seen.endedAt !== undefined && seen.status === 200))
  })

  test('close ends everything that is open, hanging answers too', async () => {
    const own = await startSimulator()
    const waiting = ['no-answer', 'stall@1', 'slow-first'].map((fault) =>
      ask(own, chat(`sim:first=0,interval=0,fault=${fault}`)),
    )
    await until(() => own.open === 3)
    await own.close()
    assert.ok((await Promise.all(waiting)).every((answer) => answer.ended !== 'open'))
    assert.equal(own.open, 0)
  })

  test('a port that is taken is an error of the start', async () => {
    await assert.rejects(startSimulator({ port: simulator.port }), { code: 'EADDRINUSE' })
  })
})

describe('what the simulator saw', () => {
  test('is there for tests to look at, without the key', async () => {
    await using own = await startSimulator({ now: () => 1_234 })
    const headers = { authorization: 'Bearer sk-secret', 'api-key': 'also-secret', cookie: 'c=1', 'x-trace': 'abc' }
    await ask(own, chat('sim:tokens=3,first=0,interval=0'), { headers })
    const [seen] = own.requests
    assert.equal(seen?.model, 'sim:tokens=3,first=0,interval=0')
    assert.equal(seen?.keyGiven, true)
    assert.equal(seen?.headers['x-trace'], 'abc')
    assert.deepEqual(seen?.body, chat('sim:tokens=3,first=0,interval=0'))
    assert.doesNotMatch(JSON.stringify(own.requests), /secret|c=1/)
    await until(() => own.requests[0]?.state === 'sent')
    assert.equal(own.requests[0]?.endedAt, 1_234)
  })

  test('says which answers a fault ended', async () => {
    await using own = await startSimulator()
    await ask(own, chat('sim:first=0,interval=0,fault=reset'))
    await ask(own, chat('sim:fault=http-503'))
    assert.deepEqual(
      own.requests.map((seen) => [seen.state, seen.status]),
      [
        ['broken', 200],
        ['sent', 503],
      ],
    )
  })

  test('is bounded, in number and in size', async () => {
    await using own = await startSimulator()
    const socket = connect(own.port, '127.0.0.1')
    socket.resume()
    const request = 'GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n'
    for (let sent = 0; sent < 2_600; sent += 100) {
      socket.write(request.repeat(100))
      await until(() => own.open === 0)
    }
    await until(() => own.requests.length >= 1_000)
    assert.ok(own.requests.length <= 2_000)
    socket.destroy()
    await ask(own, chat('sim:tokens=2,first=0', 'x'.repeat(100_000)))
    assert.equal(own.requests.at(-1)?.body, undefined)
    assert.ok((own.requests.at(-1)?.bytes ?? 0) > 100_000)
  })
})

test('ids and times come from outside, the text never does', async () => {
  const start = (): Promise<Simulator> => startSimulator({ now: () => 1_700_000_000_000, random: () => 0.5 })
  await using one = await start()
  await using two = await start()
  const body = chat('sim:tokens=10,first=0,interval=0')
  const [first, second] = [content(await ask(one, body)), content(await ask(two, body))]
  assert.ok(first.equals(second))
  assert.equal(hear(first).chunks[0]?.['created'], 1_700_000_000)
  assert.equal(hear(first).text, (await listen(simulator, body)).text)
})

test('the simulator’s seed gives other answers, and answerFor knows them', async () => {
  await using seeded = await startSimulator({ seed: 'autumn' })
  await using numbered = await startSimulator({ seed: 42 })
  const body = chat('sim:first=0,interval=0')
  assert.equal((await listen(numbered, body)).text, answerFor(body, { seed: 42 }))
  assert.notEqual((await listen(seeded, body)).text, answerFor(body))
})

describe('the wheel', () => {
  interface Sleeping {
    due: number
    slot: number
    wake(now: number): void
  }

  function sleeper(due: number, wake: (now: number) => void): Sleeping {
    return { due, slot: -1, wake }
  }

  test('wakes everyone at their time, in whatever order they came, also rounds later', async () => {
    const wheel = new Wheel()
    const start = wheel.now()
    const late: number[] = []
    const dues = [1, 40, 3, 3, 0, 25.5, 1_100, 12, 1_024, 30]
    await new Promise<void>((resolve) => {
      for (const due of dues) {
        wheel.add(
          sleeper(start + due, (now) => {
            late.push(now - start - due)
            if (late.length === dues.length) resolve()
          }),
        )
      }
    })
    assert.ok(
      late.every((ms) => ms >= 0 && ms < 200),
      late.join(),
    )
  })

  test('forgets those that are removed', async () => {
    const wheel = new Wheel()
    const woken: string[] = []
    const gone = sleeper(wheel.now() + 5, () => woken.push('gone'))
    wheel.add(gone)
    await new Promise<void>((resolve) => {
      wheel.add(
        sleeper(wheel.now() + 10, () => {
          woken.push('there')
          resolve()
        }),
      )
      wheel.remove(gone)
      wheel.remove(gone)
    })
    assert.deepEqual(woken, ['there'])
  })
})

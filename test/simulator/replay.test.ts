import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { startSimulator } from '../../src/simulator/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import { events } from '../../src/simulator/wire/replay.ts'
import { ask, chat, content, dechunk, header } from './raw.ts'

const FOLDER = fileURLToPath(new URL('../fixtures/provider-streams/', import.meta.url))
const NAMES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sse'))
  .map((name) => name.slice(0, -4))
const recorded = (name: string): Buffer => readFileSync(`${FOLDER}${name}.sse`)

let simulator: Simulator
before(async () => {
  simulator = await startSimulator({ replayDir: FOLDER })
})
after(() => simulator.close())

const replay = (model: string): Promise<Buffer> => ask(simulator, chat(model), { within: 30_000 }).then(content)

test('there are recordings to replay', () => assert.equal(NAMES.length, 17))

describe('a recorded stream comes byte for byte', () => {
  for (const name of NAMES) {
    test(name, async () => {
      assert.ok((await replay(`replay:${name}`)).equals(recorded(name)))
      for (const split of ['random', '64k', 'whole', 'event']) {
        assert.ok((await replay(`replay:${name}.sse,split=${split}`)).equals(recorded(name)), split)
      }
    })
  }

  test('one byte at a time', async () => {
    for (const name of ['mistral-tool-call', 'xai-text']) {
      const answer = await ask(simulator, chat(`replay:${name},split=1`), { within: 30_000 })
      const { chunks, data } = dechunk(answer.body)
      assert.ok(data.equals(recorded(name)))
      assert.ok(chunks.every((chunk) => chunk.length === 1))
    }
  })

  test('in pieces of 64 KiB', async () => {
    const answer = await ask(simulator, chat('replay:alibaba-reasoning,split=64k'))
    const sizes = dechunk(answer.body).chunks.map((chunk) => chunk.length)
    assert.ok(
      sizes.slice(0, -1).every((size) => size === 64 * 1024),
      String(sizes),
    )
  })

  test('in one piece', async () => {
    assert.equal(dechunk((await ask(simulator, chat('replay:alibaba-reasoning,split=whole'))).body).chunks.length, 1)
  })

  test('in the same random pieces for the same seed', async () => {
    const sizes = async (seed: number): Promise<string> =>
      dechunk((await ask(simulator, chat(`replay:openai-text,split=random,seed=${seed}`))).body)
        .chunks.map((chunk) => chunk.length)
        .join()
    assert.equal(await sizes(3), await sizes(3))
    assert.notEqual(await sizes(3), await sizes(4))
  })

  test('one event at a time, at the interval asked for', async () => {
    const started = performance.now()
    assert.ok((await replay('replay:mistral-text,interval=10ms')).equals(recorded('mistral-text')))
    const count = [...events(recorded('mistral-text'))].length
    assert.ok(performance.now() - started >= (count - 1) * 10)
  })
})

test('a bare name of a recording is enough', async () => {
  const answer = await ask(simulator, chat('groq-text'))
  assert.match(header(answer, 'content-type') ?? '', /^text\/event-stream/)
  assert.ok(content(answer).equals(recorded('groq-text')))
})

test('the models are listed with the recordings among them', async () => {
  const { data } = JSON.parse(
    content(await ask(simulator, undefined, { method: 'GET', path: '/v1/models' })).toString(),
  )
  const ids: string[] = data.map((model: { id: string }) => model.id)
  for (const name of NAMES) assert.ok(ids.includes(name))
})

test('a recording cannot be had as JSON, and one that is not there not at all', async () => {
  const refused = async (model: string, more: object = {}): Promise<[number, string]> => {
    const answer = await ask(simulator, chat(model, 'x', more))
    return [answer.status, JSON.parse(content(answer).toString()).error.param]
  }
  assert.deepEqual(await refused('replay:openai-text', { stream: false }), [400, 'stream'])
  for (const name of ['nothing', '../manifest', '../../../package', 'openai-text/../groq-text', 'manifest.json']) {
    assert.deepEqual(await refused(`replay:${name}`), [404, 'model'])
  }
})

test('a folder that cannot be read, or has no recordings, is refused at the start', async () => {
  await assert.rejects(startSimulator({ replayDir: `${FOLDER}nowhere` }), { code: 'config_invalid' })
  await assert.rejects(startSimulator({ replayDir: fileURLToPath(new URL('.', import.meta.url)) }), {
    code: 'config_invalid',
  })
})

test('events end at blank lines of any kind, and lose no byte', () => {
  const text = fc
    .array(fc.constantFrom('data: x', '\n', '\r', '\r\n', ': c', 'é'), { maxLength: 40 })
    .map((parts) => Buffer.from(parts.join('')))
  fc.assert(
    fc.property(text, (bytes) => {
      const parts = [...events(bytes)]
      assert.ok(Buffer.concat(parts).equals(bytes))
      assert.ok(parts.every((part) => part.length > 0))
    }),
  )
  assert.deepEqual(
    [...events(Buffer.from('a\n\nb\r\n\r\nc\r\rd'))].map((part) => Buffer.from(part).toString()),
    ['a\n\n', 'b\r\n\r\n', 'c\r\r', 'd'],
  )
})

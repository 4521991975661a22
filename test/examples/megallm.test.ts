import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import { openHouse, plainHouse, said } from '../interop/houses.ts'
import type { Rig } from '../support/gateway.ts'
import { environment, exampleFile, runExample, type RunOptions } from './run.ts'

/** The examples after seeds 1 and 3, run as a reader would run them. */
describe("MegaLLM's samples", { concurrency: 2 }, () => {
  let rig: Rig
  let service: Rig
  let env: Readonly<Record<string, string>>
  before(async () => {
    rig = await plainHouse()
    service = await openHouse()
    env = environment(rig, { service })
  })
  after(async () => {
    await rig?.[Symbol.asyncDispose]()
    await service?.[Symbol.asyncDispose]()
  })

  /** What an example prints, given that it does not fail. */
  async function printed(name: string, options: RunOptions = {}): Promise<string> {
    const { out, error } = await runExample(name, { ...options, env: { ...env, ...options.env } })
    assert.equal(error, undefined)
    return out
  }

  for (const name of ['megallm-basic', 'openai-package']) {
    test(`${name} prints the answer`, async () =>
      assert.equal(await printed(name), said('Write a haiku about programming')))
  }

  test('megallm-async prints the answer, and knows its usage', async () => {
    const out = await printed('megallm-async')
    assert.ok(out.startsWith(`${said('Tell me a story')}\n(`))
    assert.match(out, /\n\(\d{2,} tokens by sim:[^)]+\)\n$/)
  })

  test('curl.sh prints the answer with all of its spaces', async () => {
    const short = 'sim:first=0,interval=0,tokens=40'
    await using house = await plainHouse(short)
    const { stdout } = await promisify(execFile)('bash', [exampleFile('curl.sh')], {
      env: { ...process.env, SLUICE_URL: new URL(house.url).origin, NO_PROXY: '*' },
    })
    assert.equal(stdout, said('Tell me a joke', { model: short }))
  })

  test('lifecycle shows the four parts of a stream', async () => {
    const lines = (await printed('lifecycle')).trimEnd().split('\n')
    assert.equal(lines.shift(), 'first chunk: role assistant')
    assert.equal(lines.pop(), 'end: [DONE]')
    assert.equal(lines.pop(), 'final chunk: finish_reason stop')
    const texts = lines.map((line): string => JSON.parse(line.slice('content: '.length)))
    assert.equal(texts.join(''), said('Hello'))
  })

  test('function-calling gives both calls, each with its own arguments', async () => {
    const calls = (await printed('function-calling')).split('\n').filter((line) => !/^\.*$/.test(line))
    assert.deepEqual(calls, ['0: get_weather({"city":"Paris"})', '1: get_weather({"city":"Tokyo"})'])
  })

  test('progress counts up to the whole', async () => {
    const lines = (await printed('progress')).trimEnd().split('\n')
    const chunks = lines.map((line) => Number(/(\d+) chunks/.exec(line)?.[1]))
    assert.deepEqual(
      chunks,
      chunks.toSorted((a, b) => a - b),
    )
    assert.ok(chunks.length > 3 && (chunks[0] ?? 0) === 50)
    assert.match(lines.at(-1) ?? '', new RegExp(`^complete: .*, ${said('Tell me a story').length} characters$`))
  })

  test('retry-with-continuation joins the rest to what was shown, word for word', async () => {
    assert.match(await printed('retry-with-continuation'), /\n\(asked for the rest 0 times\)\n$/)
    await using flaky = await startSimulator()
    const MODEL = 'sim:tokens=60,first=0,interval=0,fault=cut@25'
    const out = await printed('retry-with-continuation', { env: { SLUICE_URL: flaky.url, MODEL } })
    const whole = answerFor({ model: MODEL, messages: [{ role: 'user', content: 'Tell me a story' }] })
    assert.match(out.slice(whole.length), /^\n\(asked for the rest [1-9] times\)\n$/)
    assert.equal(out.slice(0, whole.length), whole)
  })

  test('buffer-by-count gives everything in a tenth of the updates', async () => {
    const out = await printed('buffer-by-count')
    const text = said('Tell me a story')
    assert.equal(out.slice(0, text.length), text)
    const [, chunks, updates] = /\n(\d+) chunks in (\d+) updates\n$/.exec(out) ?? []
    assert.ok(Number(updates) >= 1 && Number(updates) <= Number(chunks) / 5, `${updates} of ${chunks}`)
  })

  test('chat-loop answers each line, and remembers the ones before', async () => {
    const out = await printed('chat-loop', { stdin: 'Hello\nTell me a joke\nexit\nnever read\n' })
    const hello = { role: 'user', content: 'Hello' }
    const first = said('Hello')
    const second = said('', {
      messages: [hello, { role: 'assistant', content: first }, { role: 'user', content: 'Tell me a joke' }],
    })
    const turns = [first, second].map((text) => `\n\nYou: Assistant: ${text}`).join('')
    assert.equal(out, `Chat started. Type 'exit' to quit.${turns}\n\nYou: `)
  })

  test('translator translates what it is given', async () => {
    const translation = (content: string): string => {
      const system = { role: 'system', content: 'Translate to Spanish. Output only the translation.' }
      return `${said('', { messages: [system, { role: 'user', content }], temperature: 0.3 })}\n`
    }
    assert.equal(await printed('translator'), translation('Good morning, dear friends'))
    assert.equal(await printed('translator', { argv: ['The sea'] }), translation('The sea'))
  })
})

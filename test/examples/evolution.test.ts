import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { brokenHouse, evolutionHouse, plainHouse, said } from '../interop/houses.ts'
import type { Rig } from '../support/gateway.ts'
import { answer, chunk, EVENTS, sse, startProvider } from '../support/provider.ts'
import { environment, runExample } from './run.ts'

/** The examples after seed 0, run as a reader would run them, against a gateway in place of the service. */
describe("Evolution's samples", { concurrency: 2 }, () => {
  const rigs: Rig[] = []
  let env: Readonly<Record<string, string>>
  before(async () => {
    const [open, evolution] = [await plainHouse(), await evolutionHouse()]
    rigs.push(open, evolution)
    env = environment(open, { evolution })
  })
  after(async () => {
    for (const rig of rigs) await rig[Symbol.asyncDispose]()
  })

  /** What an example prints, given that it does not fail. */
  async function printed(name: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const { out, error } = await runExample(name, { env: { ...env, ...more } })
    assert.equal(error, undefined)
    return out
  }

  test('evolution-basic exchanges its key pair and prints the answer', async () => {
    const asked = rigs[1]?.simulator.requests.length ?? 0
    const out = await printed('evolution-basic')
    assert.equal(out, `${said('Расскажи длинную историю про космос', { max_tokens: 300 })}\n`)
    assert.ok((rigs[1]?.simulator.requests.length ?? 0) > asked, 'through the gateway that wants a token')
  })

  test('evolution-basic with a wrong secret says what the token service said', async () => {
    const { out, error } = await runExample('evolution-basic', { env: { ...env, EVOLUTION_SECRET: 'wrong' } })
    assert.equal(out, '')
    assert.match(String(error), /401 There is no client with this key id and secret/)
  })

  test('evolution-async prints the answer', async () =>
    assert.equal(
      await printed('evolution-async'),
      `${said('Объясни квантовую физику подробно', { max_tokens: 400 })}\n`,
    ))

  test('chunk-structure prints the first chunk, with the role', async () => {
    const { object, choices } = JSON.parse(await printed('chunk-structure'))
    assert.deepEqual(
      [object, choices[0].delta.role, choices[0].finish_reason],
      ['chat.completion.chunk', 'assistant', null],
    )
  })

  test('chunk-kinds prints role, text, reason and usage, and then the whole', async () => {
    const text = said('Привет!')
    const out = await printed('chunk-kinds')
    assert.ok(out.startsWith(`Role: assistant\n${text}\nFinished: stop\nTokens: `), out)
    assert.ok(out.endsWith(`\nWhole answer: ${text}\n`), out)
    assert.ok(Number(/Tokens: (\d+)/.exec(out)?.[1]) > 10)
  })

  test('statistics counts what it prints', async () => {
    const text = said('Напиши подробный рассказ про будущее', { max_tokens: 500 })
    const out = await printed('statistics')
    assert.ok(out.startsWith(`${text}\n\nStatistics:\nFirst token: `))
    assert.match(
      out,
      new RegExp(`\nTime: \\d\\.\\d\\d s\nChunks: \\d{2,}\nCharacters: ${text.length}\nSpeed: [\\d.]+ `),
    )
  })

  test('stop-sequences ends where the service ends, or before the sequence of a service that does not', async () => {
    const system = { role: 'system', content: 'Создавай список и заканчивай словом КОНЕЦ' }
    const user = { role: 'user', content: 'Дай советы по изучению Python' }
    const text = said('', { messages: [system, user], stop: ['КОНЕЦ', 'END'], max_tokens: 300 })
    assert.equal(await printed('stop-sequences'), `${text}\n[stopped by the service]\n`)
    await using deaf = await startProvider(
      (response) => void response.writeHead(200, EVENTS).end(answer('1. Читайте. ', 'КО', 'НЕЦ и ещё')),
    )
    const out = await printed('stop-sequences', { SLUICE_URL: deaf.baseURL })
    assert.equal(out, '1. Читайте. \n[stopped here, at КОНЕЦ]\n')
    await using short = await startProvider(
      (response) =>
        void response.writeHead(200, EVENTS).end(sse(chunk({ content: '1.' }), chunk({}, 'length'), '[DONE]')),
    )
    assert.equal(
      await printed('stop-sequences', { SLUICE_URL: short.baseURL }),
      '1.\n[the limit of tokens was reached]\n',
    )
  })

  test('errors tells an end from a cut, and from a refusal', async () => {
    assert.equal(await printed('errors'), `${said('Тест')}\nComplete.\n`)
    await using cut = await startProvider(
      (response) => void response.writeHead(200, EVENTS).end(sse(chunk({ content: 'Раз' }))),
    )
    assert.match(await printed('errors', { SLUICE_URL: cut.baseURL }), /^Раз\nCut off after 3 characters: /)
    await using busy = await startProvider((response) => {
      response.writeHead(429, { 'retry-after': '7', 'x-should-retry': 'false' }).end('{"error":{"message":"Slowly"}}')
    })
    assert.equal(await printed('errors', { SLUICE_URL: busy.baseURL }), '\nToo many requests; again in 7 s\n')
    const { origin } = new URL(rigs[1]?.url ?? '')
    assert.match(
      await printed('errors', { SLUICE_URL: origin }),
      /^\nThe service said 401: 401 A bearer token is needed/,
    )
    await using broken = await brokenHouse()
    assert.match(await printed('errors', { SLUICE_URL: new URL(broken.url).origin }), /The service said 401/)
  })

  test('robust-retry starts an answer over that broke off', async () => {
    assert.equal(await printed('robust-retry'), `${said('Тест')}\n`)
    await using flaky = await startProvider((response, _seen, nth) => {
      response.writeHead(200, EVENTS).end(nth === 0 ? sse(chunk({ content: 'Ра' })) : answer('Раз', ', два'))
    })
    const out = await printed('robust-retry', { SLUICE_URL: flaky.baseURL })
    assert.match(out, /^Attempt 1 failed: [^\n]+\nРаз, два\n$/)
    assert.equal(flaky.requests.length, 2)
  })

  test('buffer-by-time gives the first piece at once, everything in the end, and few updates', async () => {
    const out = await printed('buffer-by-time')
    const pieces = out
      .trimEnd()
      .split('\n')
      .map((line): string => JSON.parse(line.slice('UI update: '.length)))
    const text = said('Длинный ответ...')
    assert.equal(pieces.join(''), text)
    assert.ok((pieces[0]?.length ?? 99) < 20 && pieces.length < 10, `${pieces.length} updates`)
  })

  test('multiple-streams prints three answers side by side', async () => {
    const lines = (await printed('multiple-streams')).trimEnd().split('\n')
    const questions = ['Что такое Python?', 'Объясни машинное обучение', 'Расскажи про веб-разработку']
    for (const [index, question] of questions.entries()) {
      const pieces = lines
        .filter((line) => line.startsWith(`[${index}] `))
        .map((line): string => JSON.parse(line.slice(4)))
      assert.equal(pieces.join(''), said(question, { max_tokens: 100 }))
    }
    assert.deepEqual(
      lines.slice(0, 3),
      questions.map((question, index) => `=== Stream ${index}: ${question} ===`),
    )
    assert.equal(lines.filter((line) => line.endsWith('is complete ===')).length, 3)
  })

  test('performance-metrics measures what it prints', async () => {
    const text = said('Длинный ответ...')
    const out = await printed('performance-metrics')
    assert.ok(out.startsWith(`${text}\n\nMetrics:\ntotal time: `))
    assert.match(
      out,
      new RegExp(`\n\\d{2,} chunks, ${text.length} characters, about \\d{2,} tokens, [\\d.]+ tokens/s\n`),
    )
    assert.match(out, /, 0 stalls\n$/)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { plainHouse, said } from '../interop/houses.ts'
import type { Rig } from '../support/gateway.ts'
import { EVENTS, startProvider } from '../support/provider.ts'
import { environment, runExample } from './run.ts'

/** As FastGPT's documentation has it: a workflow that asks back. */
const PROMPT = `event: interactive
data: {"interactive":{"type":"userSelect","params":{"description":"测试","userSelectOptions":[{"value":"Confirm","key":"option1"},{"value":"Cancel","key":"option2"}]}}}

event: answer
data: [DONE]

`

/** The examples after seed 4, run as a reader would run them, against the gateway as a FastGPT. */
describe("FastGPT's samples", { concurrency: 2 }, () => {
  let rig: Rig
  let env: Readonly<Record<string, string>>
  before(async () => {
    rig = await plainHouse()
    env = environment(rig)
  })
  after(() => rig?.[Symbol.asyncDispose]())

  async function printed(name: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const { out, error } = await runExample(name, { env: { ...env, ...more } })
    assert.equal(error, undefined)
    return out
  }

  test('fastgpt-basic prints the story', async () =>
    assert.equal(await printed('fastgpt-basic'), `Story: ${said('Tell me a short story')}\n`))

  test('fastgpt-stream prints the story', async () =>
    assert.equal(
      await printed('fastgpt-stream'),
      `=== Streaming response ===\n\n${said('Tell me a short story about AI')}\n`,
    ))

  test('fastgpt-async prints the answer', async () =>
    assert.equal(await printed('fastgpt-async'), `${said('Tell me about async/await')}\n`))

  test('fastgpt-progress counts the pieces', async () => {
    const text = said('Explain quantum computing')
    const out = await printed('fastgpt-progress')
    assert.equal(out.slice(0, text.length), text)
    assert.match(out.slice(text.length), /^\n\n\d{2,} pieces, about \d{2,} tokens\n$/)
  })

  test('word-buffering gives whole words, and all of the text', async () => {
    const words = (await printed('word-buffering'))
      .trimEnd()
      .split('\n')
      .map((line): string => JSON.parse(line))
    assert.equal(words.join(''), said('What is machine learning?'))
    // None begins in the middle of a word: the one before it ended with a space.
    for (const word of words.slice(0, -1)) assert.match(word, /\s$/)
  })

  test('typed-events shows what the workflow does, and the answer', async () => {
    const answer = said('Tell me about async/await')
    assert.equal(await printed('typed-events'), `[AI chat is running]\n${answer}[done]\n\n[results of AI chat]\n`)
    const transcript = (name: string): Buffer =>
      readFileSync(new URL(`../fixtures/fastgpt/${name}.sse`, import.meta.url))
    await using fastgpt = await startProvider((response, _seen, nth) => {
      response.writeHead(200, EVENTS).end(nth === 0 ? transcript('tools') : PROMPT)
    })
    const there = { FASTGPT_URL: new URL(fastgpt.baseURL).origin }
    // The recorded one is cut off after its tool events.
    const { out, error } = await runExample('typed-events', { env: { FASTGPT_API_KEY: 'fastgpt-0', ...there } })
    assert.match(out, /^\[toolCall call-1: .*"Search".*\]\n\[toolParams call-1: .*\]\n\[toolResponse call-1: .*\]\n$/)
    assert.match(String(error), /StreamTruncatedError|before the answer was complete/)
    assert.match(await printed('typed-events', there), /^\[a question, userSelect: .*"Confirm".*\]\n\[done\]\n$/)
    const { detail, chatId } = JSON.parse(fastgpt.requests[0]?.body ?? '{}')
    assert.deepEqual([detail, chatId], [true, 'chat-1'])
  })

  test('fastgpt-robust tells an error that came with status 200 from an answer', async () => {
    assert.equal(await printed('fastgpt-robust'), `${said('Hello')}\nComplete.\n`)
    const refusal = '{"code":514,"statusText":"unAuthApiKey","message":"Api Key 不合法","data":null}'
    await using event = await startProvider(
      (response) => void response.writeHead(200, EVENTS).end(`event: error\ndata: ${refusal}\n\n`),
    )
    assert.match(
      await printed('fastgpt-robust', { FASTGPT_URL: new URL(event.baseURL).origin }),
      /FastGPT said 514: .*Api Key 不合法/,
    )
    await using json = await startProvider((response) => void response.writeHead(200).end(refusal))
    assert.match(
      await printed('fastgpt-robust', { FASTGPT_URL: new URL(json.baseURL).origin }),
      /FastGPT said 514: .*Api Key 不合法/,
    )
  })
})

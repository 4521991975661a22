import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import OpenAI, { APIError } from 'openai'
import { answerFor } from '../../src/simulator/index.ts'
import { plainProvider, route, startRig, target, type Rig } from '../support/gateway.ts'

const GOOD = 'sim:tokens=200,interval=0ms,first=0ms'
const messages = [{ role: 'user' as const, content: 'Tell me a story' }]
const whole = answerFor({ model: GOOD, messages })

let rig: Rig
let openai: OpenAI
before(async () => {
  rig = await startRig({
    config: (simulator) => {
      const provider = plainProvider(simulator.url)
      const quick = { connect: 500, head: 300, firstToken: 300, betweenTokens: 300 }
      const over = (fault: string) =>
        route(fault, [target(provider, `${GOOD},fault=${fault}`, quick), target(provider, GOOD)])
      const alone = (fault: string) => route(`only-${fault}`, [target(provider, `${GOOD},fault=${fault}`, quick)])
      const routes = [...FALLBACK.map(over), ...[...FALLBACK, ...CUTS].map(alone)]
      return { routes: new Map(routes.map((one) => [one.model, one])) }
    },
  })
  openai = new OpenAI({ baseURL: rig.url, apiKey: 'unused', maxRetries: 0 })
})
after(() => rig[Symbol.asyncDispose]())

const FALLBACK = [
  'http-429',
  'http-503',
  'http-500-once',
  'http-401',
  'reset-before-head',
  'no-answer',
  'error-object',
  'html',
  'empty',
  'http-204',
]
const CUTS = ['cut@10', 'reset@10', 'no-last-chunk@10', 'stall@10', 'no-finish']

async function read(model: string): Promise<string> {
  let text = ''
  for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? ''
  }
  return text
}

describe('a provider that fails before the first visible delta', () => {
  for (const fault of FALLBACK) {
    test(`${fault}: the reader gets the whole answer of the next target, once`, async () => {
      assert.equal(await read(fault), whole)
    })
  }

  test('http-500-once without another target is retried, and nobody notices', async () => {
    assert.equal(await read('only-http-500-once'), whole)
  })

  for (const [fault, status, code] of [
    ['http-429', 429, 'provider_rate_limited'],
    ['http-503', 503, 'provider_unavailable'],
    ['http-401', 502, 'provider_auth'],
    ['reset-before-head', 502, 'upstream_reset'],
    ['no-answer', 504, 'upstream_head_timeout'],
    ['html', 502, 'provider_bad_response'],
    ['empty', 502, 'provider_bad_response'],
  ] as const) {
    test(`${fault} without another target is told as ${status}`, async () => {
      await assert.rejects(read(`only-${fault}`), (error) => {
        assert.ok(error instanceof APIError)
        // A 200 head had to be passed on at once where the provider sent one; the failure is in the stream then.
        if (error.status !== undefined) assert.equal(error.status, status)
        assert.doesNotMatch(error.message, /sk-test|<html/i)
        if (error.code?.startsWith('up') === true) assert.equal(error.code, code)
        return true
      })
    })
  }
})

describe('an answer that is cut', () => {
  for (const fault of CUTS) {
    test(`${fault} is an error for openai-node, never a shorter answer`, async () => {
      await assert.rejects(read(`only-${fault}`), APIError)
    })

    test(`${fault} is an error for a caller that did not ask for a stream`, async () => {
      await assert.rejects(openai.chat.completions.create({ model: `only-${fault}`, messages }), APIError)
    })
  }
})

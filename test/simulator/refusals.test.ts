import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startSimulator } from '../../src/simulator/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import { ask, chat, content, header } from './raw.ts'
import type { AskOptions } from './raw.ts'

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

async function refusal(
  body: unknown,
  options?: AskOptions,
): Promise<{ status: number; code: string; param: string | null }> {
  const answer = await ask(simulator, body, options)
  assert.equal(header(answer, 'content-type'), 'application/json')
  const { error } = JSON.parse(content(answer).toString())
  assert.ok(typeof error.message === 'string' && error.message.length > 5)
  assert.equal(error.type, answer.status === 401 ? 'authentication_error' : 'invalid_request_error')
  return { status: answer.status, code: error.code, param: error.param }
}

const messages = [{ role: 'user', content: 'x' }]

describe('a refused request', () => {
  const wrong: readonly (readonly [what: string, body: unknown, param: string | null])[] = [
    ['a body that is no object', [1], null],
    ['no model', { messages }, 'model'],
    ['an empty model', { model: '', messages }, 'model'],
    ['a model name that is wrong', { model: 'sim:x=1', messages }, 'model'],
    ['no messages', { model: 'm' }, 'messages'],
    ['empty messages', { model: 'm', messages: [] }, 'messages'],
    ['a message that is no object', { model: 'm', messages: ['x'] }, 'messages.0'],
    ['an unknown role', { model: 'm', messages: [{ role: 'king', content: 'x' }] }, 'messages.0.role'],
    ['a message without content', { model: 'm', messages: [{ role: 'user' }] }, 'messages.0.content'],
    ['content that is a number', { model: 'm', messages: [{ role: 'user', content: 5 }] }, 'messages.0.content'],
    [
      'a content part without a type',
      { model: 'm', messages: [{ role: 'user', content: [{}] }] },
      'messages.0.content.0',
    ],
    [
      'a tool message that answers nothing',
      { model: 'm', messages: [{ role: 'tool', content: 'x' }] },
      'messages.0.tool_call_id',
    ],
    [
      'tool calls that are not answered',
      {
        model: 'm',
        messages: [...messages, { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f' } }] }],
      },
      'messages.1',
    ],
    ['stream that is text', { model: 'm', messages, stream: 'yes' }, 'stream'],
    ['stream_options without stream', { model: 'm', messages, stream_options: {} }, 'stream_options'],
    ['n too large', { model: 'm', messages, n: 1_000 }, 'n'],
    ['more text than there may be at once', { model: 'sim:tokens=100000', messages, n: 3 }, 'n'],
    ['n that is a fraction', { model: 'm', messages, n: 1.5 }, 'n'],
    ['max_tokens 0', { model: 'm', messages, max_tokens: 0 }, 'max_tokens'],
    ['five stop strings', { model: 'm', messages, stop: ['a', 'b', 'c', 'd', 'e'] }, 'stop'],
    ['stop that is a number', { model: 'm', messages, stop: 5 }, 'stop'],
    ['a temperature of 3', { model: 'm', messages, temperature: 3 }, 'temperature'],
    ['top_logprobs without logprobs', { model: 'm', messages, top_logprobs: 3 }, 'top_logprobs'],
    ['an unknown reasoning effort', { model: 'm', messages, reasoning_effort: 'huge' }, 'reasoning_effort'],
    ['an unknown response format', { model: 'm', messages, response_format: { type: 'xml' } }, 'response_format.type'],
    [
      'a tool without a name',
      { model: 'm', messages, tools: [{ type: 'function', function: {} }] },
      'tools.0.function.name',
    ],
    ['tool_choice required without tools', { model: 'm', messages, tool_choice: 'required' }, 'tool_choice'],
    [
      'a tool_choice that is not among the tools',
      { model: 'm', messages, tool_choice: { type: 'function', function: { name: 'f' } } },
      'tool_choice',
    ],
  ]
  for (const [what, body, param] of wrong) {
    test(`says which field is at fault: ${what}`, async () => {
      assert.deepEqual(await refusal(body), { status: 400, code: 'invalid_value', param })
    })
  }

  test('is 400 for a body that is not JSON or not UTF-8', async () => {
    assert.equal((await refusal(undefined, { bytes: '{"model":' })).code, 'invalid_json')
    assert.equal((await refusal(undefined, { bytes: Buffer.from([0x22, 0xff, 0x22]) })).code, 'invalid_utf8')
  })

  test('is 413 for a body over 10 MiB', async () => {
    const answer = await refusal(undefined, { bytes: `"${'x'.repeat(11 * 1024 * 1024)}"` })
    assert.deepEqual(answer, { status: 413, code: 'body_too_large', param: null })
  })

  test('is 404 for other paths, with the ones there are', async () => {
    for (const [method, path] of [
      ['GET', '/v1/nothing'],
      ['GET', '/'],
      ['DELETE', '/v1/models'],
      ['GET', '/v1/chat/completions'],
    ] as const) {
      assert.equal((await refusal(undefined, { method, path })).status, 404)
    }
  })

  test('is 400 or 404, not a crash, for schemas and bodies of great depth', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const answer = await ask(simulator, undefined, {
      bytes: `{"model":"m","messages":[{"role":"user","content":"x"}],"metadata":${deep}}`,
      within: 5_000,
    })
    assert.ok([200, 400, 500].includes(answer.status))
    assert.equal((await ask(simulator, chat('sim:tokens=2,first=0'))).status, 200)
  })
})

test('paths work with and without /v1', async () => {
  for (const path of ['/v1/chat/completions', '/chat/completions']) {
    assert.equal((await ask(simulator, chat('sim:tokens=2,first=0'), { path })).status, 200)
  }
})

test('with an apiKey configured any other key is 401, in either header', async () => {
  await using guarded = await startSimulator({ apiKey: 'sk-right' })
  const status = async (headers: Record<string, string>): Promise<number> =>
    (await ask(guarded, chat('sim:tokens=2,first=0'), { headers })).status
  assert.equal(await status({}), 401)
  assert.equal(await status({ authorization: 'Bearer sk-wrong' }), 401)
  assert.equal(await status({ authorization: 'Bearer sk-right' }), 200)
  assert.equal(await status({ 'api-key': 'sk-right' }), 200)
})

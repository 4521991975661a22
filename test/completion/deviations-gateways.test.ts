import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBody } from '../../src/completion/parse.ts'
import { utf8 } from '../sse/read.ts'
import { accumulate, chunkOf, DONE, errorOf, hello, parseChunk, parseData, readAnswer, stop, wire } from './answer.ts'

// The catalogue of deviations, one suite for each server, one test for each thing it does; the rest is in
// deviations*.test.ts beside this. Frames with an id of their own are as the servers sent them;
// `chunkOf` fills in what does not matter.

describe('FastGPT', () => {
  test('a chunk with empty id and object and created 0', () => {
    const frame =
      '{"id":"","object":"","created":0,"choices":[{"delta":{"content":"电"},"index":0,"finish_reason":null}]}'
    assert.deepEqual(accumulate([frame]), {
      id: '',
      object: 'chat.completion',
      created: 0,
      model: '',
      choices: [
        { index: 0, message: { role: 'assistant', content: '电', refusal: null }, finish_reason: null, logprobs: null },
      ],
    })
  })

  test('event names: answer and fastAnswer are chunks, error is an error, the others pass', () => {
    const chunk = JSON.stringify(hello)
    assert.deepEqual(
      (
        [
          ['answer', chunk],
          ['fastAnswer', chunk],
          ['answer', DONE],
          ['flowResponses', '[{"moduleName":"x"}]'],
          ['flowNodeStatus', '{"status":"running","name":"AI 对话"}'],
          ['flowNodeResponse', '{"error":{"message":"one node"}}'],
          ['resumePhase', 'catchup'],
          ['done', DONE],
          ['error', '{"message":"x"}'],
        ] as const
      ).map(([name, data]) => parseData(data, name).type),
      ['chunk', 'chunk', 'done', 'event', 'event', 'event', 'event', 'done', 'error'],
    )
  })

  test('a catalogued error: its number is no HTTP status, its name the type', () => {
    const data = '{"code":514,"statusText":"unAuthApiKey","message":"Api Key 不合法","data":null}'
    for (const name of ['error', '']) {
      const parsed = parseData(data, name)
      assert.deepEqual(parsed, {
        type: 'error',
        message: 'Api Key 不合法',
        providerType: 'unAuthApiKey',
        providerCode: '514',
        param: null,
        status: undefined,
        data,
      })
    }
  })

  test('a rate limit in the same envelope has its status', () => {
    assert.equal(errorOf('{"code":429,"statusText":"error","message":"Rate limit exceeded.","data":null}').status, 429)
  })

  test('content as a list of results', () => {
    const body = {
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: [
              { type: 'tool', tools: [] },
              { type: 'text', text: { content: 'Hi' } },
            ],
          },
          finish_reason: 'stop',
        },
      ],
    }
    const [chunk] = parseBody(JSON.stringify(body))
    assert.equal(chunk?.type === 'chunk' && chunk.chunk.choices[0]?.delta.content, 'Hi')
  })
})
describe('smaller deviations', () => {
  test('Ant Ling, Spring: no space after "data:"', () => {
    assert.equal(
      readAnswer([utf8(new TextDecoder().decode(wire(hello, stop, DONE)).replaceAll('data: ', 'data:'))]).completion
        .choices[0]?.message.content,
      'Hello',
    )
  })

  test('an empty data line with the JSON on an indented line of its own is no chunk, and not a complete answer', () => {
    const { parsed, problem } = readAnswer([utf8(`data:\n ${JSON.stringify(hello)}\n\n`)])
    assert.deepEqual(parsed, [{ type: 'empty' }])
    assert.equal(problem, 'no_choice')
  })

  test('Xinference: CRLF frames, cut anywhere', () => {
    const text = new TextDecoder().decode(wire(hello, stop, DONE)).replaceAll('\n', '\r\n')
    for (let at = 0; at < text.length; at++)
      assert.equal(readAnswer([utf8(text.slice(0, at)), utf8(text.slice(at))]).problem, undefined)
  })

  test('LiteLLM: an error frame and no [DONE]', () => {
    const { problem } = readAnswer([
      wire(hello, { error: { message: 'litellm.APIError', type: 'None', param: 'None', code: '500' } }),
    ])
    assert.equal(problem, 'litellm.APIError')
  })

  test('LiteLLM: a 200 that is cut', () => {
    assert.equal(readAnswer([wire(hello)]).problem, 'missing_finish_reason')
    assert.equal(readAnswer([wire(hello).subarray(0, -20)]).problem, 'not JSON')
  })

  test('LiteLLM: an error before the first chunk, as JSON', () => {
    const [error] = parseBody(
      '{"error":{"message":"No deployments available","type":"None","param":"None","code":"429"}}',
    )
    assert.equal(error?.type === 'error' && error.status, 429)
  })

  test('an event stream for stream:false', () => {
    const body = new TextDecoder().decode(wire(hello, stop, DONE))
    assert.deepEqual(
      parseBody(body).map(({ type }) => type),
      ['chunk', 'chunk', 'done'],
    )
    assert.deepEqual(
      parseBody(`: hb\n\n${body}`).map(({ type }) => type),
      ['chunk', 'chunk', 'done'],
    )
  })

  test('JSON for stream:true', () => {
    const completion = {
      id: 'a',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
    }
    const parsed = parseBody(JSON.stringify(completion))
    assert.deepEqual(
      parsed.map((one) => (one.type === 'chunk' ? [one.visible, one.finished] : one.type)),
      [[true, false], [false, true], 'done'],
    )
  })

  test('no finish_reason at all: the stream just ends', () => {
    assert.equal(readAnswer([wire(hello, DONE)]).problem, 'missing_finish_reason')
    assert.equal(readAnswer([wire(hello)]).problem, 'missing_finish_reason')
  })

  test('arguments as an object instead of JSON text', () => {
    const chunk = chunkOf({
      tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: { a: 1 } } }],
    })
    assert.deepEqual(accumulate([chunk]).choices[0]?.message.tool_calls, [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
    ])
  })

  test('usage in the last choice (Moonshot)', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    assert.deepEqual(parseChunk(chunkOf({}, { finish_reason: 'stop', usage })).usage, usage)
  })
})

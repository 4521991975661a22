import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBody } from '../../src/completion/parse.ts'
import { utf8 } from '../sse/read.ts'
import { accumulate, chunkOf, DONE, errorOf, hello, message, parseChunk, readAnswer, stop, wire } from './answer.ts'

// The catalogue of deviations, one suite for each server, one test for each thing it does; the rest is in
// deviations*.test.ts beside this. Frames with an id of their own are as the servers sent them;
// `chunkOf` fills in what does not matter.

describe('vLLM', () => {
  test('a role chunk with empty content for each choice is not visible', () => {
    const roles = [0, 1].map((index) => chunkOf({ role: 'assistant', content: '' }, { index }))
    assert.deepEqual(
      roles.map((chunk) => parseChunk(chunk).visible),
      [false, false],
    )
    assert.deepEqual(
      accumulate(roles).choices.map(({ message: { content } }) => content),
      ['', ''],
    )
  })

  test('an error in the middle, followed by [DONE], is an error', () => {
    const error = { error: { message: 'EngineCore died', type: 'InternalServerError', param: null, code: 500 } }
    const { problem, parsed } = readAnswer([wire(hello, error, DONE)])
    assert.equal(problem, 'EngineCore died')
    assert.deepEqual(
      parsed.map(({ type }) => type),
      ['chunk', 'error'],
    )
    assert.deepEqual(errorOf(error), {
      message: 'EngineCore died',
      type: 'InternalServerError',
      code: '500',
      status: 500,
    })
  })

  test('older errors: object "error" and an integer code, in an envelope or bare', () => {
    const old = { object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 }
    for (const data of [{ error: old }, old]) {
      assert.deepEqual(errorOf(data), { message: 'too long', type: 'BadRequestError', code: '400', status: 400 })
    }
  })

  test('stop_reason on the last choice is kept', () => {
    const completion = accumulate([hello, chunkOf({}, { finish_reason: 'stop', stop_reason: '###' })])
    assert.equal(Reflect.get(completion.choices[0] ?? {}, 'stop_reason'), '###')
  })

  test('usage in every chunk is the total so far: the last counts', () => {
    const usage = (total: number): object => ({
      usage: { prompt_tokens: 1, completion_tokens: total - 1, total_tokens: total },
    })
    const chunks = [
      chunkOf({ content: 'a' }, {}, usage(2)),
      chunkOf({ content: 'b' }, { finish_reason: 'stop' }, usage(3)),
    ]
    assert.equal(parseChunk(chunks[0] ?? '').bare, false)
    assert.equal(accumulate(chunks).usage?.total_tokens, 3)
  })

  test('fields that are left out instead of null', () => {
    const parsed = parseChunk('{"id":"a","choices":[{"index":0,"delta":{"content":"x"}}]}')
    assert.equal(parsed.chunk.choices[0]?.finish_reason, null)
    assert.deepEqual([parsed.visible, parsed.finished], [true, false])
  })

  test('reasoning in delta.reasoning, and from versions that send both names, once', () => {
    assert.deepEqual(message([chunkOf({ reasoning: 'a' }), chunkOf({ reasoning: 'b', reasoning_content: 'b' })]), {
      role: 'assistant',
      content: null,
      refusal: null,
      reasoning_content: 'ab',
    })
  })

  test('token_ids are gathered, prompt_token_ids and metrics kept', () => {
    const completion = accumulate([
      chunkOf({ content: 'a' }, { token_ids: [1] }, { prompt_token_ids: [9], metrics: { queue: 1 } }),
      chunkOf({ content: 'b', token_ids: [2] }),
      chunkOf({ content: 'c', token_ids: [3, 4] }),
    ])
    assert.deepEqual(Reflect.get(completion.choices[0]?.message ?? {}, 'token_ids'), [2, 3, 4])
    assert.deepEqual(Reflect.get(completion, 'prompt_token_ids'), [9])
    assert.deepEqual(Reflect.get(completion, 'metrics'), { queue: 1 })
  })
})

describe('NVIDIA NIM', () => {
  test('an event stream as the body of an HTTP 429', () => {
    const body = new TextDecoder().decode(
      wire({ error: { message: 'Too many requests', type: 'rate_limit', code: 429 } }, DONE),
    )
    const [first, second] = parseBody(body)
    assert.equal(first?.type === 'error' && first.status, 429)
    assert.equal(second?.type, 'done')
  })

  test('tool calls that end without a finish_reason are not a complete answer', () => {
    const call = chunkOf({
      tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
    })
    assert.equal(readAnswer([wire(call, DONE)]).problem, 'missing_finish_reason')
  })
})

describe('SGLang', () => {
  test('an abort of its scheduler: an error, then nothing', () => {
    const { problem } = readAnswer([
      wire(hello, { error: { message: 'Aborted by scheduler', type: 'abort', code: 503 } }),
    ])
    assert.equal(problem, 'Aborted by scheduler')
  })
})

describe('llama.cpp', () => {
  const words =
    'the request exceeds the available context size. try increasing the context size or enable context shift'

  test('until 2025, an error in a field of its own, then [DONE]', () => {
    const frames = `error: {"code":400,"message":"${words}","type":"invalid_request_error"}\n\ndata: [DONE]\n\n`
    for (const text of [frames, frames.replace('\n\ndata', '\ndata')]) {
      const { parsed, problem } = readAnswer([wire(hello), utf8(text)])
      assert.equal(problem, words)
      assert.deepEqual(
        parsed.map(({ type }) => type),
        ['chunk', 'error'],
      )
    }
  })

  test('since then, an error object with an integer code', () => {
    assert.deepEqual(errorOf({ error: { code: 500, message: words, type: 'server_error' } }), {
      message: words,
      type: 'server_error',
      code: '500',
      status: 500,
    })
  })

  test('a first chunk with content null, and no model name', () => {
    const first = parseChunk({ ...chunkOf({ role: 'assistant', content: null }), model: '' })
    assert.deepEqual([first.visible, first.chunk.model], [false, ''])
  })

  test('": ping" and empty data are signs of life', () => {
    const { parsed, problem } = readAnswer([utf8(': ping\n\ndata:\n\ndata: \n\ndata\n\n'), wire(hello, stop, DONE)])
    assert.deepEqual(
      parsed.map(({ type }) => type),
      ['empty', 'empty', 'empty', 'chunk', 'chunk', 'done'],
    )
    assert.equal(problem, undefined)
  })

  test('a [DONE] without its blank line, or its line end', () => {
    for (const end of ['data: [DONE]', 'data: [DONE]\n']) {
      assert.equal(readAnswer([wire(hello, stop), utf8(end)]).parsed.at(-1)?.type, 'done')
    }
  })
})

describe('Ollama', () => {
  test('the role in every chunk is one role, and the id need not be unique', () => {
    const old =
      '{"id":"chatcmpl-693","object":"chat.completion.chunk","created":1,"model":"m","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":" Hello"},"finish_reason":""}]}'
    const completion = accumulate([old, old])
    assert.deepEqual(completion.choices[0]?.message, { role: 'assistant', content: ' Hello Hello', refusal: null })
    assert.equal(completion.system_fingerprint, 'fp_ollama')
  })

  test('older versions: finish_reason "" is none', () => {
    const parsed = parseChunk(chunkOf({ role: 'assistant', content: ' Hello' }, { finish_reason: '' }))
    assert.equal(parsed.finished, false)
    assert.equal(parsed.chunk.choices[0]?.finish_reason, null)
  })

  test('reasoning in delta.reasoning', () => {
    assert.equal(parseChunk(chunkOf({ role: 'assistant', content: '', reasoning: 'Hm' })).visible, true)
  })

  test('a tool call that comes whole', () => {
    const call = { index: 0, id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }
    const { completion, problem } = readAnswer([
      wire(
        chunkOf({ role: 'assistant', content: '', tool_calls: [call] }),
        chunkOf({}, { finish_reason: 'tool_calls' }),
        DONE,
      ),
    ])
    assert.equal(problem, undefined)
    const { index: _index, ...whole } = call
    assert.deepEqual(completion.choices[0]?.message.tool_calls, [whole])
  })

  test('an error body, its own and the compatible one', () => {
    assert.equal(errorOf({ error: 'model "x" not found' }).message, 'model "x" not found')
    assert.deepEqual(errorOf({ error: { message: 'no', type: 'api_error', param: null, code: null } }), {
      message: 'no',
      type: 'api_error',
      code: null,
      status: undefined,
    })
  })

  test('an engine that dies: an empty chunk and no [DONE] is not a complete answer', () => {
    const empty =
      '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}'
    assert.equal(readAnswer([wire(hello, empty)]).problem, 'missing_finish_reason')
  })
})

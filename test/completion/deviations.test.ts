import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBody } from '../../src/completion/parse.ts'
import { decodeAll, utf8 } from '../sse/read.ts'
import { accumulate, chunkOf, DONE, errorOf, hello, message, parseChunk, readAnswer, stop, wire } from './answer.ts'

// The catalogue of deviations, one suite for each server, one test for each thing it does; the rest is in
// deviations*.test.ts beside this. Frames with an id of their own are as the servers sent them;
// `chunkOf` fills in what does not matter.

describe('Azure OpenAI', () => {
  test('a first chunk without choices, id, time and model says nothing, and the next one names them', () => {
    const first = {
      id: '',
      choices: [],
      created: 0,
      model: '',
      object: '',
      prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }],
    }
    const { bare, visible, usage } = parseChunk(first)
    assert.deepEqual({ bare, visible, usage }, { bare: true, visible: false, usage: undefined })
    const { completion, problem } = readAnswer([wire(first, hello, stop, DONE)])
    assert.equal(problem, undefined)
    assert.deepEqual([completion.id, completion.created, completion.model], ['chatcmpl-1', 1, 'm'])
    assert.deepEqual(Reflect.get(completion, 'prompt_filter_results'), first.prompt_filter_results)
  })

  test('the older first chunk: prompt_annotations and "usage":null', () => {
    const old = {
      id: '',
      object: '',
      created: 0,
      model: '',
      prompt_annotations: [{ prompt_index: 0 }],
      choices: [],
      usage: null,
    }
    assert.equal(parseChunk(old).usage, undefined)
    assert.equal(readAnswer([wire(old, hello, stop, DONE)]).problem, undefined)
  })

  test('the asynchronous filter: a late chunk without delta and id neither ends nor reopens the choice', () => {
    const late = {
      id: '',
      object: '',
      created: 0,
      model: '',
      choices: [
        {
          index: 0,
          finish_reason: null,
          content_filter_offsets: { check_offset: 44, start_offset: 44, end_offset: 198 },
          content_filter_results: { hate: { filtered: false, severity: 'safe' } },
        },
      ],
    }
    assert.deepEqual(parseChunk(late).chunk.choices[0]?.delta, {})
    const { completion, problem } = readAnswer([wire(hello, stop, late, DONE)])
    assert.equal(problem, undefined)
    assert.equal(completion.choices[0]?.finish_reason, 'stop')
    assert.deepEqual(
      Reflect.get(completion.choices[0] ?? {}, 'content_filter_results'),
      late.choices[0]?.content_filter_results,
    )
  })

  test('CRLF frames', () => {
    const crlf = utf8(new TextDecoder().decode(wire(hello, stop, DONE)).replaceAll('\n', '\r\n'))
    assert.equal(readAnswer([crlf]).completion.choices[0]?.message.content, 'Hello')
  })
})

describe('DeepSeek', () => {
  test('reasoning in reasoning_content, before content, each null while the other speaks', () => {
    const chunks = [
      chunkOf({ role: 'assistant', content: null, reasoning_content: '' }),
      chunkOf({ content: null, reasoning_content: 'Because' }),
      chunkOf({ content: 'So.', reasoning_content: null }),
      stop,
    ]
    assert.deepEqual(
      chunks.map((chunk) => parseChunk(chunk).visible),
      [false, true, true, false],
    )
    assert.deepEqual(message(chunks), {
      role: 'assistant',
      content: 'So.',
      refusal: null,
      reasoning_content: 'Because',
    })
  })

  test('": keep-alive" comments while it waits', () => {
    const items = decodeAll([utf8(': keep-alive\n\n: keep-alive\n\n'), wire(hello)])
    assert.deepEqual(
      items.map(({ type }) => type),
      ['comment', 'comment', 'event'],
    )
  })

  test('empty lines before the JSON of an answer that is not streamed', () => {
    const body = `\n\n\n${JSON.stringify({ ...hello, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] })}`
    assert.deepEqual(
      parseBody(body).map(({ type }) => type),
      ['chunk', 'chunk', 'done'],
    )
  })

  test('finish_reason insufficient_system_resource is an end like another', () => {
    const chunk = parseChunk(chunkOf({}, { finish_reason: 'insufficient_system_resource' }))
    assert.equal(chunk.finished, true)
    assert.equal(String(chunk.chunk.choices[0]?.finish_reason), 'insufficient_system_resource')
  })

  test('usage with cache hits and misses is kept whole', () => {
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 2,
      total_tokens: 5,
      prompt_cache_hit_tokens: 1,
      prompt_cache_miss_tokens: 2,
    }
    assert.deepEqual(accumulate([hello, chunkOf({}, { finish_reason: 'stop' }, { usage })]).usage, usage)
  })
})

describe('OpenRouter', () => {
  test('": OPENROUTER PROCESSING" comments', () => {
    assert.deepEqual(decodeAll([utf8(': OPENROUTER PROCESSING\n\n')]), [
      { type: 'comment', text: 'OPENROUTER PROCESSING' },
    ])
  })

  test('an error inside a chunk after a 200, with finish_reason error', () => {
    const frame =
      '{"id":"cmpl-abc123","object":"chat.completion.chunk","created":1234567890,"model":"gpt-3.5-turbo","provider":"openai","error":{"code":"server_error","message":"Provider disconnected unexpectedly"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}'
    assert.deepEqual(errorOf(frame), {
      message: 'Provider disconnected unexpectedly',
      type: null,
      code: 'server_error',
      status: undefined,
    })
  })

  test('an error code that is a number or the same number as text is an HTTP status', () => {
    for (const code of [502, '502']) {
      assert.deepEqual(errorOf({ error: { code, message: 'Bad gateway', metadata: {} } }), {
        message: 'Bad gateway',
        type: null,
        code: '502',
        status: 502,
      })
    }
  })

  test('a last chunk of usage with cost, without choices and id', () => {
    const last = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 0.0001 } }
    const { completion, problem } = readAnswer([wire(hello, stop, last, DONE)])
    assert.equal(problem, undefined)
    assert.equal(completion.id, 'chatcmpl-1')
    assert.deepEqual(completion.usage, last.usage)
  })

  test('provider, native_finish_reason and reasoning_details are kept where they stood', () => {
    const detail = (text: string): object => ({ type: 'reasoning.text', text, index: 0 })
    const completion = accumulate([
      chunkOf(
        { role: 'assistant', content: '', reasoning: 'a', reasoning_details: [detail('a')] },
        {},
        { provider: 'X' },
      ),
      chunkOf({ content: '', reasoning: 'b', reasoning_details: [detail('b')] }, {}, { provider: 'X' }),
      chunkOf({ content: 'c' }, { finish_reason: 'stop', native_finish_reason: 'end_turn' }, { provider: 'X' }),
    ])
    assert.equal(Reflect.get(completion, 'provider'), 'X')
    const [choice] = completion.choices
    assert.equal(Reflect.get(choice ?? {}, 'native_finish_reason'), 'end_turn')
    assert.deepEqual(choice?.message, {
      role: 'assistant',
      content: 'c',
      refusal: null,
      reasoning_content: 'ab',
      reasoning_details: [detail('a'), detail('b')],
    })
  })
})

describe('Groq', () => {
  test('x_groq of the first and the last chunk are joined, its usage counts', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
    const completion = accumulate([
      chunkOf({ role: 'assistant', content: 'a' }, {}, { x_groq: { id: 'req_1', seed: 7 } }),
      chunkOf({}, { finish_reason: 'stop' }, { x_groq: { id: 'req_1', usage } }),
    ])
    assert.deepEqual(Reflect.get(completion, 'x_groq'), { id: 'req_1', seed: 7, usage })
    assert.deepEqual(completion.usage, usage)
  })

  test('x_groq.error says why a stream stopped early', () => {
    const chunk = chunkOf({}, {}, { x_groq: { id: 'req_1', error: 'over capacity' } })
    assert.equal(errorOf(chunk).message, 'over capacity')
  })

  test('reasoning in delta.reasoning', () => {
    assert.deepEqual(message([chunkOf({ reasoning: 'a' })]), {
      role: 'assistant',
      content: null,
      refusal: null,
      reasoning_content: 'a',
    })
  })

  test('tool_calls: [] in every chunk is no tool call', () => {
    const frame =
      '{"id":"chatcmpl-eb063827","object":"chat.completion.chunk","created":1757714116,"model":"gemma2-9b-it","provider":"groq","choices":[{"index":0,"delta":{"role":"assistant","content":"","tool_calls":[]},"logprobs":null,"finish_reason":null}]}'
    assert.equal(parseChunk(frame).visible, false)
    assert.equal(accumulate([frame]).choices[0]?.message.tool_calls, undefined)
  })

  test('whole tool calls, one for each chunk, and an extra usage chunk', () => {
    const call = (index: number): object =>
      chunkOf({ tool_calls: [{ index, id: `c${index}`, type: 'function', function: { name: 'f', arguments: '{}' } }] })
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
    const completion = accumulate([
      call(0),
      call(1),
      chunkOf({}, { finish_reason: 'tool_calls' }),
      { ...chunkOf({}), choices: [], usage },
    ])
    assert.deepEqual(
      completion.choices[0]?.message.tool_calls?.map(({ id }) => id),
      ['c0', 'c1'],
    )
    assert.deepEqual(completion.usage, usage)
  })
})

describe('xAI', () => {
  test('usage in the last chunk but one', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 9 }
    const completion = accumulate([hello, chunkOf({}, {}, { usage }), stop])
    assert.deepEqual(completion.usage, usage)
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseBody } from '../../src/completion/parse.ts'
import { utf8 } from '../sse/read.ts'
import {
  accumulate,
  chunkOf,
  DONE,
  errorOf,
  hello,
  message,
  parseChunk,
  parseData,
  readAnswer,
  stop,
  wire,
} from './answer.ts'

// The catalogue of deviations, one suite for each server, one test for each thing it does; the rest is in
// deviations*.test.ts beside this. Frames with an id of their own are as the servers sent them;
// `chunkOf` fills in what does not matter.

describe('Mistral', () => {
  test('content as a list: thinking, then text', () => {
    const chunks = [
      chunkOf({
        role: 'assistant',
        content: [
          {
            type: 'thinking',
            thinking: [
              { type: 'text', text: 'Hm' },
              { type: 'text', text: 'm.' },
            ],
          },
        ],
      }),
      chunkOf({
        content: [
          { type: 'text', text: 'Yes' },
          { type: 'text', text: '.' },
        ],
      }),
      chunkOf({ content: '!' }, { finish_reason: 'stop' }),
    ]
    assert.deepEqual(
      chunks.map((chunk) => parseChunk(chunk).visible),
      [true, true, true],
    )
    assert.deepEqual(parseChunk(chunks[0] ?? '').chunk.choices[0]?.delta, {
      role: 'assistant',
      content: null,
      reasoning_content: 'Hmm.',
    })
    assert.deepEqual(message(chunks), { role: 'assistant', content: 'Yes.!', refusal: null, reasoning_content: 'Hmm.' })
  })

  test('role null is none', () => {
    assert.deepEqual(Object.keys(parseChunk(chunkOf({ role: null, content: 'a' })).chunk.choices[0]?.delta ?? {}), [
      'content',
    ])
  })

  test('a first chunk without object and time', () => {
    const { chunk } = parseChunk(
      '{"id":"cmpl-1","model":"mistral-tiny","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}',
    )
    assert.deepEqual([chunk.object, chunk.created], ['chat.completion.chunk', 0])
    assert.equal(accumulate(['{"id":"cmpl-1","model":"m","choices":[]}', hello]).created, 1)
  })

  test('a whole tool call without index and type', () => {
    const chunk = chunkOf(
      { content: '', tool_calls: [{ id: 'gSIMJiOkT', function: { name: 'f', arguments: '{}' } }] },
      { finish_reason: 'tool_calls' },
    )
    assert.deepEqual(accumulate([chunk]).choices[0]?.message.tool_calls, [
      { id: 'gSIMJiOkT', type: 'function', function: { name: 'f', arguments: '{}' } },
    ])
  })

  test('finish_reason error is an error, model_length an end', () => {
    assert.equal(parseData(JSON.stringify(chunkOf({}, { finish_reason: 'error' }))).type, 'error')
    assert.equal(parseChunk(chunkOf({}, { finish_reason: 'model_length' })).finished, true)
  })
})

describe('Together', () => {
  const frame = {
    id: '86d8d6e06df86f61-ATH',
    object: 'completion.chunk',
    created: 1711977238,
    choices: [
      { index: 0, text: '":', logprobs: null, finish_reason: 'length', delta: { token_id: 1264, content: '":' } },
    ],
    model: 'mistralai/Mixtral-8x7B-v0.1',
    usage: { prompt_tokens: 17, completion_tokens: 200, total_tokens: 217 },
  }

  test('the text that stands in choices[].text as well counts once', () => {
    assert.equal(accumulate([frame]).choices[0]?.message.content, '":')
  })

  test('usage with the last content', () => {
    const parsed = parseChunk(frame)
    assert.deepEqual([parsed.usage, parsed.bare, parsed.visible, parsed.finished], [frame.usage, false, true, true])
  })

  test('finish_reason eos is an end', () => {
    assert.equal(parseChunk(chunkOf({}, { finish_reason: 'eos' })).finished, true)
  })
})

describe("Gemini's compatible end", () => {
  const signature = { google: { thought_signature: 'c2ln' } }
  const call = (id: string, name: string): object => ({
    extra_content: signature,
    function: { arguments: '{"offset":1}', name },
    id,
    type: 'function',
  })
  const chunk = (...calls: object[]): object => ({
    choices: [{ delta: { role: 'assistant', tool_calls: calls }, index: 0 }],
    model: 'gemini-3.8-flash',
    object: 'chat.completion.chunk',
  })
  const calls = (datas: readonly object[]): unknown => accumulate(datas).choices[0]?.message.tool_calls

  test('tool calls without index are told apart by their ids, and keep their signatures', () => {
    assert.deepEqual(calls([chunk(call('call_297140', 'read')), chunk(call('call_2', 'read'))]), [
      call('call_297140', 'read'),
      call('call_2', 'read'),
    ])
  })

  test('without index and id, each name begins a call', () => {
    const nameless = { function: { name: 'read', arguments: '{}' }, type: 'function' }
    assert.deepEqual(calls([chunk(nameless, nameless)]), [
      { id: 'call_0_0', ...nameless },
      { id: 'call_0_1', ...nameless },
    ])
  })

  test('arguments that come in pieces without index, id and name belong to the last call', () => {
    const piece = (text: string): object => chunk({ function: { arguments: text } })
    const begun = chunk({ id: 'a', function: { name: 'f', arguments: '' }, type: 'function' })
    assert.deepEqual(calls([begun, piece('{"a"'), piece(':1}')]), [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
    ])
  })

  test('an index that comes again with another id is another call', () => {
    const at0 = (id: string, text: string): object =>
      chunk({ index: 0, id, type: 'function', function: { name: 'f', arguments: text } })
    const more = chunk({ index: 0, function: { arguments: '2}' } })
    assert.deepEqual(calls([at0('a', '{"x":1}'), at0('b', '{"x":'), more]), [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      { id: 'b', type: 'function', function: { name: 'f', arguments: '{"x":2}' } },
    ])
  })

  test('finish_reason stop after tool calls is an end, and stays what it is', () => {
    const { completion, problem } = readAnswer([wire(chunk(call('a', 'read')), stop, DONE)])
    assert.equal(problem, undefined)
    assert.equal(completion.choices[0]?.finish_reason, 'stop')
  })

  test('a signature in a delta of its own is kept with the message', () => {
    const kept = message([hello, chunkOf({ extra_content: signature }), stop])
    assert.deepEqual(kept, { role: 'assistant', content: 'Hello', refusal: null, extra_content: signature })
  })

  test('usage with content, CRLF, and no last chunk', () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const text = new TextDecoder().decode(wire(chunkOf({ content: 'a' }, { finish_reason: 'stop' }, { usage })))
    const { completion, problem } = readAnswer([utf8(text.replaceAll('\n', '\r\n'))])
    assert.equal(problem, undefined)
    assert.deepEqual(completion.usage, usage)
  })

  test('an error in a list, with a status in words', () => {
    const body = '[{"error":{"code":429,"message":"Resource has been exhausted","status":"RESOURCE_EXHAUSTED"}}]'
    const expected = { message: 'Resource has been exhausted', type: 'RESOURCE_EXHAUSTED', code: '429', status: 429 }
    assert.deepEqual(errorOf(body), expected)
    assert.deepEqual(
      parseBody(`\n${body}`).map(({ type }) => type),
      ['error'],
    )
  })
})

describe('MiniMax', () => {
  const frame =
    '{"choices":[{"index":0,"delta":{"role":"","reasoning_content":""}}],"created":1771279826,"object":"chat.completion.chunk","usage":{"total_tokens":0,"total_characters":0},"input_sensitive":false,"output_sensitive":false}'

  test('role "" is none', () => {
    const { chunk, visible } = parseChunk(frame)
    assert.deepEqual(chunk.choices[0]?.delta, { reasoning_content: '' })
    assert.equal(visible, false)
    assert.deepEqual(message([hello, JSON.parse(frame)]), { role: 'assistant', content: 'Hello', refusal: null })
  })

  test('usage of zero until the last one', () => {
    const usage = { total_tokens: 7, prompt_tokens: 3, completion_tokens: 4 }
    assert.deepEqual(accumulate([frame, chunkOf({}, { finish_reason: 'stop' }, { usage })]).usage, usage)
  })

  test('no [DONE]: the finish_reason is the end', () => {
    const { problem, parsed } = readAnswer([wire(hello, stop)])
    assert.equal(problem, undefined)
    assert.equal(parsed.at(-1)?.type, 'chunk')
  })

  test('a failure in base_resp at HTTP 200, alone or beside choices', () => {
    for (const [code, words] of [
      [1004, 'login fail'],
      [1008, 'insufficient balance'],
    ] as const) {
      const failure = { base_resp: { status_code: code, status_msg: words } }
      for (const data of [failure, { ...failure, choices: null }, { ...failure, choices: [] }]) {
        assert.deepEqual(errorOf(data), { message: words, type: null, code: String(code), status: undefined })
      }
    }
  })

  test('base_resp with status 0 is no failure', () => {
    assert.equal(parseChunk({ ...hello, base_resp: { status_code: 0, status_msg: '' } }).visible, true)
  })

  test('the whole message once more at the end adds nothing', () => {
    const last = {
      ...hello,
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } }],
    }
    assert.equal(accumulate([hello, last]).choices[0]?.message.content, 'Hello')
  })
})

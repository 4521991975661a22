import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createGunzip, gunzipSync } from 'node:zlib'
import { FAULTS, answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { FaultName, Simulator } from '../../src/simulator/index.ts'
import { isFaultName } from '../../src/simulator/faults.ts'
import { ask, chat, content, dechunk, header, hear } from './raw.ts'
import type { AskOptions, RawAnswer } from './raw.ts'

const QUICK = 'tokens=12,first=0,interval=0'
const TEXT = answerFor(chat('sim:tokens=12'))

let simulator: Simulator
before(async () => {
  simulator = await startSimulator()
})
after(() => simulator.close())

/** A model name nobody used before, so that counters start from zero. */
let used = 0
const fresh = (fault: string, more = ''): string =>
  `sim:${QUICK}${more},fault=${fault},seed=0,reasoning=0,overlap=${used++}`

const stream = (fault: string, options?: AskOptions): Promise<RawAnswer> =>
  ask(simulator, chat(fresh(fault)), { within: 3_000, ...options })

function wholeAnswer(answer: RawAnswer): void {
  const heard = hear(content(answer))
  assert.equal(heard.text, TEXT)
  assert.deepEqual(heard.finish, ['stop'])
  assert.equal(heard.done, true)
}

/** The text of the first `count` tokens and nothing that says the answer is over. */
function partialAnswer(body: Buffer, count: number): void {
  const heard = hear(body)
  const tokens = heard.chunks.filter((chunk) => chunk.choices?.[0]?.delta?.content).length
  assert.equal(tokens, count)
  assert.ok(TEXT.startsWith(heard.text) && heard.text.length < TEXT.length)
  assert.deepEqual(heard.finish, [])
  assert.equal(heard.done, false)
}

async function status(fault: string, expected: number): Promise<RawAnswer> {
  const answer = await stream(fault)
  assert.equal(answer.status, expected)
  const { error } = JSON.parse(content(answer).toString())
  assert.equal(typeof error.message, 'string')
  assert.equal(typeof error.type, 'string')
  return answer
}

async function onceThenWell(fault: string, expected: number): Promise<RawAnswer> {
  const model = fresh(fault)
  const first = await ask(simulator, chat(model))
  assert.equal(first.status, expected)
  wholeAnswer(await ask(simulator, chat(model)))
  wholeAnswer(await ask(simulator, chat(model)))
  return first
}

function errorAfterThree(answer: RawAnswer, error: (heard: ReturnType<typeof hear>) => void): void {
  const heard = hear(content(answer))
  assert.ok(TEXT.startsWith(heard.text) && heard.text !== '')
  assert.deepEqual(heard.finish, [])
  assert.equal(dechunk(answer.body).complete, true)
  error(heard)
}

const silent = { within: 300 }

const CHECKS: Readonly<Record<FaultName, () => Promise<unknown>>> = {
  cut: async () => {
    const answer = await stream('cut@3', { headers: { connection: 'keep-alive' } })
    assert.equal(answer.ended, 'fin')
    assert.equal(header(answer, 'transfer-encoding'), undefined)
    assert.equal(header(answer, 'content-length'), undefined)
    assert.equal(header(answer, 'connection'), 'close')
    partialAnswer(answer.body, 3)
  },
  reset: async () => {
    const answer = await stream('reset@3')
    assert.equal(answer.ended, 'reset')
    partialAnswer(content(answer), 3)
  },
  'no-last-chunk': async () => {
    const answer = await stream('no-last-chunk@3')
    assert.equal(answer.ended, 'fin')
    assert.equal(dechunk(answer.body).complete, false)
    partialAnswer(content(answer), 3)
  },
  stall: async () => {
    const answer = await stream('stall@3', silent)
    assert.equal(answer.ended, 'open')
    partialAnswer(content(answer), 3)
  },
  'reset-before-head': async () => {
    const answer = await stream('reset-before-head')
    assert.equal(answer.ended, 'reset')
    assert.equal(answer.reads.length, 0)
  },
  'no-answer': async () => {
    const answer = await stream('no-answer', silent)
    assert.equal(answer.ended, 'open')
    assert.equal(answer.reads.length, 0)
  },
  'slow-first': async () => {
    const silence = await stream('slow-first', silent)
    assert.equal(silence.status, 200)
    partialAnswer(content(silence), 0)
    const started = performance.now()
    wholeAnswer(await stream('slow-first@120'))
    assert.ok(performance.now() - started >= 120)
  },
  slow: async () => {
    const started = performance.now()
    wholeAnswer(await stream('slow@10'))
    assert.ok(performance.now() - started >= 11 * 10)
  },
  drip: async () => {
    const answer = await stream('drip')
    wholeAnswer(answer)
    const { chunks } = dechunk(answer.body)
    assert.ok(chunks.length > 1_000 && chunks.every((chunk) => chunk.length === 1))
  },
  'wrong-content-length': async () => {
    const answer = await stream('wrong-content-length')
    assert.equal(answer.ended, 'fin')
    assert.equal(Number(header(answer, 'content-length')), answer.body.length + 1_000)
    wholeAnswer(answer)
  },
  'short-content-length': async () => {
    const answer = await stream('short-content-length')
    assert.equal(Number(header(answer, 'content-length')), Math.floor(answer.body.length / 2))
    wholeAnswer(answer)
  },
  'bad-chunk-size': async () => {
    const answer = await stream('bad-chunk-size@3')
    assert.equal(dechunk(answer.body).badSize, 'size?')
    partialAnswer(content(answer), 3)
  },
  'truncated-utf8': async () => {
    const answer = await stream('truncated-utf8@3')
    assert.deepEqual([...answer.body.subarray(-2)], [0xe2, 0x82])
    assert.ok(answer.body.toString().endsWith('\ufffd'))
    assert.equal(answer.ended, 'fin')
  },
  'http-400': () => status('http-400', 400),
  'http-401': () => status('http-401', 401),
  'http-403': () => status('http-403', 403),
  'http-404': () => status('http-404', 404),
  'http-429': async () => {
    const model = fresh('http-429')
    for (let i = 0; i < 3; i++) {
      const answer = await ask(simulator, chat(model))
      assert.equal(answer.status, 429)
      assert.equal(header(answer, 'retry-after'), undefined)
    }
  },
  'http-429-once': async () => assert.equal(header(await onceThenWell('http-429-once', 429), 'retry-after'), undefined),
  'http-429-retry-after': async () =>
    assert.equal(header(await status('http-429-retry-after', 429), 'retry-after'), '1'),
  'http-429-retry-after-once': async () =>
    assert.equal(header(await onceThenWell('http-429-retry-after-once', 429), 'retry-after'), '1'),
  'http-500': () => status('http-500', 500),
  'http-500-once': () => onceThenWell('http-500-once', 500),
  'http-502': async () => {
    const answer = await stream('http-502')
    assert.equal(answer.status, 502)
    assert.equal(header(answer, 'content-type'), 'text/html')
  },
  'http-503': () => status('http-503', 503),
  'http-503-once': () => onceThenWell('http-503-once', 503),
  'http-204': async () => {
    const answer = await stream('http-204')
    assert.equal(answer.status, 204)
    assert.equal(answer.body.length, 0)
  },
  flapping: async () => {
    const model = fresh('flapping@2')
    const codes: number[] = []
    for (let i = 0; i < 8; i++) codes.push((await ask(simulator, chat(model))).status)
    assert.deepEqual(codes, [200, 200, 503, 503, 200, 200, 503, 503])
  },
  'context-length': async () => {
    const { error } = JSON.parse(content(await status('context-length', 400)).toString())
    assert.equal(error.code, 'context_length_exceeded')
    assert.equal(error.param, 'messages')
  },
  'content-filter-400': async () => {
    const { error } = JSON.parse(content(await status('content-filter-400', 400)).toString())
    assert.equal(error.code, 'content_filter')
  },
  'refuse-prefill': async () => {
    wholeAnswer(await stream('refuse-prefill'))
    const question = { role: 'user', content: 'Explain the tides in detail' }
    const messages = [question, { role: 'assistant', content: 'Let' }]
    const refused = await ask(simulator, { ...chat(fresh('refuse-prefill')), messages })
    assert.equal(refused.status, 400)
    const asked = [...messages, { role: 'user', content: 'continue' }]
    assert.equal((await ask(simulator, { ...chat(fresh('refuse-prefill')), messages: asked })).status, 200)
  },
  redirect: async () => {
    const answer = await stream('redirect')
    assert.equal(answer.status, 302)
    assert.equal(header(answer, 'location'), `${simulator.url}/elsewhere`)
  },
  'set-cookie': async () => {
    const answer = await stream('set-cookie')
    assert.equal(answer.head.match(/^set-cookie: /gim)?.length, 2)
    wholeAnswer(answer)
  },
  'header-flood': async () => {
    const answer = await stream('header-flood')
    assert.ok(answer.head.length > 90_000)
    wholeAnswer(answer)
  },
  html: async () => {
    const answer = await stream('html')
    assert.equal(answer.status, 200)
    assert.match(header(answer, 'content-type') ?? '', /^text\/html/)
    assert.match(content(answer).toString(), /^<!DOCTYPE html>/)
  },
  'json-200-error': async () => {
    const answer = await status('json-200-error', 200)
    assert.equal(header(answer, 'content-type'), 'application/json')
  },
  empty: async () => {
    const answer = await stream('empty')
    assert.equal(answer.status, 200)
    assert.match(header(answer, 'content-type') ?? '', /^text\/event-stream/)
    assert.equal(dechunk(answer.body).complete, true)
    assert.equal(content(answer).length, 0)
  },
  'wrong-content-type': async () => {
    const answer = await stream('wrong-content-type')
    assert.equal(header(answer, 'content-type'), 'application/octet-stream')
    wholeAnswer(answer)
  },
  'json-for-stream': async () => {
    const answer = await stream('json-for-stream')
    assert.equal(header(answer, 'content-type'), 'application/json')
    assert.equal(JSON.parse(content(answer).toString()).choices[0].message.content, TEXT)
  },
  'sse-for-json': async () => {
    const answer = await ask(simulator, chat(fresh('sse-for-json'), undefined, { stream: false }))
    assert.match(header(answer, 'content-type') ?? '', /^text\/event-stream/)
    wholeAnswer(answer)
  },
  gzip: async () => {
    const answer = await stream('gzip', { headers: { 'accept-encoding': 'identity' } })
    assert.equal(header(answer, 'content-encoding'), 'gzip')
    assert.equal(hear(gunzipSync(content(answer))).text, TEXT)
  },
  'gzip-chain': async () => {
    const answer = await stream('gzip-chain')
    assert.equal(header(answer, 'content-encoding'), 'gzip, gzip')
    assert.equal(hear(gunzipSync(gunzipSync(content(answer)))).text, TEXT)
  },
  'gzip-bomb': async () => {
    const answer = await stream('gzip-bomb@3', { within: 20_000 })
    const coded = content(answer)
    assert.equal(dechunk(answer.body).complete, true)
    assert.ok(coded.length < 2_000_000)
    assert.ok((await gunzippedSize(coded, 64 * 1024 * 1024)) > 64 * 1024 * 1024)
    // The trailer holds the size: 1 GiB and the answer.
    assert.ok(coded.readUInt32LE(coded.length - 4) > 1024 ** 3)
  },
  malformed: async () => {
    const answer = await stream('malformed@3')
    const heard = hear(content(answer))
    assert.equal(heard.data.length, heard.chunks.length + 2, 'one broken event beside [DONE]')
    wholeAnswer(answer)
  },
  'no-done': async () => {
    const answer = await stream('no-done')
    const heard = hear(content(answer))
    assert.deepEqual([heard.text, heard.finish, heard.done], [TEXT, ['stop'], false])
    assert.equal(dechunk(answer.body).complete, true)
  },
  'no-finish': async () => {
    const answer = await stream('no-finish')
    const heard = hear(content(answer))
    assert.deepEqual([heard.text, heard.finish, heard.done], [TEXT, [], false])
    assert.equal(dechunk(answer.body).complete, true)
  },
  'error-object': async () => {
    errorAfterThree(await stream('error-object@3'), (heard) => {
      assert.ok(heard.chunks.at(-1)?.error)
      assert.equal(heard.done, false)
    })
    const first = hear(content(await stream('error-object')))
    assert.equal(first.text, '')
    assert.ok(first.chunks.at(-1)?.error)
  },
  'error-event': async () =>
    errorAfterThree(await stream('error-event@3'), (heard) => {
      assert.equal(heard.names.at(-1), 'error')
      assert.ok(heard.chunks.at(-1)?.error)
    }),
  'error-field': async () => {
    const answer = await stream('error-field@3')
    errorAfterThree(answer, (heard) => assert.equal(heard.done, true))
    assert.match(content(answer).toString(), /\n\nerror: \{"code":500,.*\}\n\ndata: \[DONE\]\n\n$/)
  },
  'error-string': async () =>
    errorAfterThree(await stream('error-string@3'), (heard) =>
      assert.equal(typeof heard.chunks.at(-1)?.error, 'string'),
    ),
  'error-then-done': async () =>
    errorAfterThree(await stream('error-then-done@3'), (heard) => {
      assert.ok(heard.chunks.at(-1)?.error)
      assert.equal(heard.done, true)
    }),
  'content-filter': async () => {
    const heard = hear(content(await stream('content-filter@3')))
    assert.deepEqual(heard.finish, ['content_filter'])
    assert.ok(TEXT.startsWith(heard.text) && heard.text.length < TEXT.length)
    assert.equal(heard.done, true)
  },
  'huge-event': async () => {
    const answer = await stream('huge-event@3')
    const events = content(answer).toString().split('\n\n')
    assert.ok(events.some((event) => event.length > 16 * 1024 * 1024))
    wholeAnswer(answer)
  },
  'unterminated-line': async () => {
    const answer = await stream('unterminated-line@3', { until: (all) => all.length > 300_000 })
    const body = content(answer)
    assert.ok(body.length - body.lastIndexOf('\n') > 200_000)
    partialAnswer(body, 3)
  },
  'endless-comments': async () => {
    const answer = await stream('endless-comments', { until: (_, reads) => reads >= 4 })
    const heard = hear(content(answer))
    assert.ok(heard.comments.length >= 3)
    assert.equal(heard.text, '')
  },
  endless: async () => {
    const answer = await stream('endless', { until: (all) => all.length > 200_000 })
    const heard = hear(content(answer))
    assert.ok(heard.text.startsWith(TEXT + TEXT + TEXT))
    assert.deepEqual(heard.finish, [])
  },
  'comments-first': async () => {
    const answer = await stream('comments-first@150')
    const body = content(answer).toString()
    assert.ok(body.lastIndexOf(': keep-alive') < body.search(/"content":"[^"]/))
    assert.equal(hear(content(answer)).comments.length, 2)
    wholeAnswer(answer)
  },
  'duplicate-tool-index': async () => {
    const heard = hear(content(await ask(simulator, { ...chat(fresh('duplicate-tool-index'), WEATHER), tools: TOOLS })))
    const calls = heard.chunks.flatMap((chunk) => chunk.choices?.[0]?.delta?.tool_calls ?? [])
    assert.equal(new Set(calls.flatMap((call) => call.id ?? [])).size, 2)
    assert.deepEqual([...new Set(calls.map((call) => call.index))], [0])
  },
  'usage-missing': async () => {
    const heard = hear(content(await ask(simulator, chat(fresh('usage-missing'), undefined, WITH_USAGE))))
    assert.deepEqual(heard.usage, [])
  },
  'usage-cumulative': async () => {
    const heard = hear(content(await stream('usage-cumulative')))
    const counts = heard.usage.map((usage) => usage.completion_tokens)
    assert.deepEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12])
  },
  'usage-excludes-reasoning': async () => {
    const model = `sim:${QUICK},reasoning=7,fault=usage-excludes-reasoning`
    const { usage } = hear(content(await ask(simulator, chat(model, undefined, WITH_USAGE))))
    assert.equal(usage[0]?.completion_tokens, 12)
    assert.equal((usage[0]?.total_tokens ?? 0) - (usage[0]?.prompt_tokens ?? 0), 19)
  },
  'usage-each': async () => {
    const { usage, chunks } = hear(content(await stream('usage-each')))
    assert.equal(usage.length, chunks.length)
    assert.deepEqual(
      usage.slice(-2).map((one) => one.completion_tokens),
      [12, 12],
    )
    assert.ok(usage.slice(0, -2).every((one) => one.total_tokens === 0))
  },
  'late-usage': async () => {
    const model = fresh('late-usage@150')
    const started = performance.now()
    const early = await ask(simulator, chat(model, undefined, WITH_USAGE), { until: (all) => all.includes('"stop"') })
    assert.ok(!early.body.includes('"prompt_tokens"'))
    const whole = await ask(simulator, chat(model, undefined, WITH_USAGE))
    assert.ok(performance.now() - started >= 150)
    assert.equal(hear(content(whole)).usage.length, 1)
  },
}

const WITH_USAGE = { stream_options: { include_usage: true } }
const WEATHER = 'What is the weather in Paris and Tokyo?'
const TOOLS = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather at a place',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
]

function gunzippedSize(coded: Buffer, enough: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let size = 0
    const gunzip = createGunzip()
    gunzip.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= enough) return
      gunzip.destroy()
      resolve(size)
    })
    gunzip.once('end', () => resolve(size))
    gunzip.once('error', reject)
    gunzip.end(coded)
  })
}

describe('each fault does what its row says', () => {
  for (const name of Object.keys(FAULTS).filter(isFaultName)) {
    test(`${name}: ${FAULTS[name].what}`, async () => void (await CHECKS[name]()))
  }
})

describe('faults in JSON answers', () => {
  const json = (fault: string): Promise<RawAnswer> =>
    ask(simulator, chat(fresh(fault), undefined, { stream: false }), { within: 400 })

  test('a cut ends the JSON in the middle', async () => {
    const answer = await json('cut@6')
    assert.equal(answer.ended, 'fin')
    assert.throws(() => JSON.parse(content(answer).toString()), SyntaxError)
  })

  test('a cut after the last token still loses the end of the JSON', async () => {
    const answer = await json('cut@12')
    assert.throws(() => JSON.parse(content(answer).toString()), SyntaxError)
  })

  test('a reset and a stall come in the middle of the JSON', async () => {
    assert.equal((await json('reset@6')).ended, 'reset')
    assert.equal((await json('stall@6')).ended, 'open')
  })

  for (const fault of ['error-object', 'error-event', 'error-field', 'error-string', 'error-then-done']) {
    test(`${fault} is an error in JSON with 200`, async () => {
      const answer = await json(fault)
      assert.equal(answer.status, 200)
      assert.ok(JSON.parse(content(answer).toString()).error)
    })
  }

  test('a content filter ends the message early and says so', async () => {
    const [choice] = JSON.parse(content(await json('content-filter@3')).toString()).choices
    assert.equal(choice.finish_reason, 'content_filter')
    assert.ok(TEXT.startsWith(choice.message.content))
  })
})

describe('the place of a fault', () => {
  test('0 is before the first token and after the head', async () => {
    const answer = await stream('cut@0')
    assert.equal(answer.status, 200)
    partialAnswer(answer.body, 0)
  })

  test('the number of tokens is after the last token and before the finish_reason', async () => {
    const heard = hear((await stream('cut@12')).body)
    assert.equal(heard.text, TEXT)
    assert.deepEqual(heard.finish, [])
  })

  test('a place beyond the answer is never reached', async () => {
    wholeAnswer(await stream('cut@13'))
  })

  test('without a number it is the middle', async () => {
    partialAnswer((await stream('cut')).body, 6)
  })

  test('counters are per model name and per simulator', async () => {
    const model = fresh('http-500-once')
    assert.equal((await ask(simulator, chat(model))).status, 500)
    assert.equal((await ask(simulator, chat(`${model},usage=none`))).status, 500)
    await using other = await startSimulator()
    assert.equal((await ask(other, chat(model))).status, 500)
    assert.equal((await ask(simulator, chat(model))).status, 200)
  })
})

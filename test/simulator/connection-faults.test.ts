import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConnectionFault } from '../../src/simulator/faults.ts'
import { startSimulator } from '../../src/simulator/index.ts'
import {
  TEXT,
  fresh,
  partialAnswer,
  silent,
  simulator,
  stream,
  testFaults,
  useSimulator,
  wholeAnswer,
} from './fault-rig.ts'
import { ask, chat, content, dechunk, header, hear } from './raw.ts'
import type { RawAnswer } from './raw.ts'

useSimulator()

const CHECKS: Readonly<Record<ConnectionFault, () => Promise<unknown>>> = {
  cut: async () => {
    const answer = await stream('cut@3', { headers: { connection: 'keep-alive' } })
    assert.equal(answer.ended, 'fin')
    assert.equal(header(answer, 'transfer-encoding'), undefined)
    assert.equal(header(answer, 'content-length'), undefined)
    assert.equal(header(answer, 'connection'), 'close')
    partialAnswer(answer.body, 3)
  },
  'cut-once': async () => {
    const model = fresh('cut-once@3')
    const first = await ask(simulator(), chat(model))
    assert.equal(first.ended, 'fin')
    partialAnswer(first.body, 3)
    wholeAnswer(await ask(simulator(), chat(model)))
    wholeAnswer(await ask(simulator(), chat(model)))
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
}

testFaults(CHECKS)

describe('faults in JSON answers', () => {
  const json = (fault: string): Promise<RawAnswer> =>
    ask(simulator(), chat(fresh(fault), undefined, { stream: false }), { within: 400 })

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
    assert.equal((await ask(simulator(), chat(model))).status, 500)
    assert.equal((await ask(simulator(), chat(`${model},usage=none`))).status, 500)
    await using other = await startSimulator()
    assert.equal((await ask(other, chat(model))).status, 500)
    assert.equal((await ask(simulator(), chat(model))).status, 200)
  })
})

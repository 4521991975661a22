import assert from 'node:assert/strict'
import { createGunzip, gunzipSync } from 'node:zlib'
import type { HttpFault } from '../../src/simulator/faults.ts'
import {
  TEXT,
  fresh,
  onceThenWell,
  simulator,
  status,
  stream,
  testFaults,
  useSimulator,
  wholeAnswer,
} from './fault-rig.ts'
import { ask, chat, content, dechunk, header, hear } from './raw.ts'

useSimulator()

const CHECKS: Readonly<Record<HttpFault, () => Promise<unknown>>> = {
  'http-400': () => status('http-400', 400),
  'http-401': () => status('http-401', 401),
  'http-403': () => status('http-403', 403),
  'http-404': () => status('http-404', 404),
  'http-429': async () => {
    const model = fresh('http-429')
    for (let i = 0; i < 3; i++) {
      const answer = await ask(simulator(), chat(model))
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
    for (let i = 0; i < 8; i++) codes.push((await ask(simulator(), chat(model))).status)
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
    const refused = await ask(simulator(), { ...chat(fresh('refuse-prefill')), messages })
    assert.equal(refused.status, 400)
    const asked = [...messages, { role: 'user', content: 'continue' }]
    assert.equal((await ask(simulator(), { ...chat(fresh('refuse-prefill')), messages: asked })).status, 200)
  },
  redirect: async () => {
    const answer = await stream('redirect')
    assert.equal(answer.status, 302)
    assert.equal(header(answer, 'location'), `${simulator().url}/elsewhere`)
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
    const answer = await ask(simulator(), chat(fresh('sse-for-json'), undefined, { stream: false }))
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
}

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

testFaults(CHECKS)

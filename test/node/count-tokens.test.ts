import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { countPieces } from '../../src/node/count-tokens-pieces.ts'
import { createTokenCounter } from '../../src/node/count-tokens.ts'

const LIMITS = { queue: 1_000_000, time: 2_000, idle: 60_000 }
const counter = createTokenCounter(LIMITS)
after(() => counter.close())

describe('counting tokens in a thread', () => {
  test('starts the thread with the first need and counts as the tokenizer does', async () => {
    assert.equal(counter.isRunning, false)
    const texts = ['', 'Hello, world', 'Привет, мир. '.repeat(3_000), '<|endoftext|>']
    const counts = await counter.count(texts)
    const plain = texts.map((text) => countTokens(text, { disallowedSpecial: new Set() }))
    assert.deepEqual(counts?.slice(0, 2), plain.slice(0, 2))
    assert.ok(Math.abs((counts?.[2] ?? 0) - (plain[2] ?? 0)) <= 3, `${counts?.[2]} and ${plain[2]}`)
    assert.equal(counts?.[3], plain[3])
    assert.equal(counter.isRunning, true)
  })

  test('does not hold the event loop up, whatever the text', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    const began = performance.now()
    // Together nine minutes for the tokenizer alone.
    const nasty = ['a', ' ', '-', '\n', '天地玄黄'].map((part) => part.repeat(100_000 / part.length))
    const counts = await counter.count(nasty)
    clearInterval(timer)
    const took = performance.now() - began
    assert.equal(counts?.length, 5)
    assert.ok(took < 4_000, `${took} ms`)
    assert.ok(turns > took / 5 / 3, `${turns} turns in ${took} ms`)
  })

  test('refuses what is more than its queue holds', async () => {
    assert.equal(await counter.count(['x'.repeat(1_000_001)]), undefined)
    const [one, two] = [counter.count(['word '.repeat(150_000)]), counter.count(['word '.repeat(150_000)])]
    assert.equal(await two, undefined)
    assert.ok(((await one)?.[0] ?? 0) > 100_000)
    assert.deepEqual(await counter.count(['word']), [1])
  })

  test('ends the thread when there was nothing to do, and starts another when there is', async () => {
    const brief = createTokenCounter({ ...LIMITS, idle: 1 })
    assert.deepEqual(await brief.count(['one']), [1])
    while (brief.isRunning) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(await brief.count(['two']), [1])
    const left = brief.count(['three'])
    await brief.close()
    assert.equal(await left, undefined)
    assert.equal(await brief.count(['four']), undefined)
  })
})

describe('counting piece by piece', () => {
  const letters = (piece: string): number => piece.length

  test('leaves nothing out and counts nothing twice', () => {
    for (const text of ['', 'a'.repeat(100_000), 'word and word, '.repeat(5_000), `${'x'.repeat(16_383)}😀😀`]) {
      assert.equal(
        countPieces(text, letters, () => true),
        text.length,
      )
    }
  })

  test('gives the tokenizer no run longer than 256', () => {
    let longest = 0
    countPieces(
      'ab'.repeat(5_000) + ' '.repeat(3_000) + '='.repeat(3_000),
      (piece) => {
        for (const run of piece.match(/\w+|\s+|=+/g) ?? []) longest = Math.max(longest, run.length)
        return 0
      },
      () => true,
    )
    assert.ok(longest > 0 && longest <= 256, String(longest))
  })

  test('takes what it has no time for to be like what it counted', () => {
    assert.equal(
      countPieces('word '.repeat(20_000), letters, () => false),
      100_000,
    )
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { SluiceError } from '../../src/errors.ts'
import { FAULTS, parseModel } from '../../src/simulator/index.ts'
import { isFaultName } from '../../src/simulator/faults.ts'

describe('a model’s name', () => {
  test('may be anything, and is then a healthy model', () => {
    for (const name of ['default', 'gpt-4o', 'claude', 'мир', 'simulator', 'a,b=c', 'sim:']) {
      const spec = parseModel(name)
      assert.equal(spec.name, name)
      assert.equal(spec.fault, undefined)
      assert.equal(spec.tokens, undefined)
    }
  })

  test('takes every option', () => {
    const name =
      'sim:tokens=200,interval=2ms,first=1.5s,seed=7,fault=cut@57,reasoning=30,shape=azure,overlap=random,preamble=1,split=whole,usage=each'
    assert.deepEqual(parseModel(name), {
      name,
      replay: undefined,
      tokens: 200,
      interval: 2,
      first: 1_500,
      seed: 7,
      fault: { name: 'cut', at: 57 },
      reasoning: 30,
      shape: 'azure',
      overlap: 'random',
      preamble: true,
      split: 'whole',
      usage: 'each',
    })
  })

  test('takes times with and without a unit', () => {
    assert.equal(parseModel('sim:interval=20').interval, 20)
    assert.equal(parseModel('sim:interval=0.5ms').interval, 0.5)
    assert.equal(parseModel('sim:interval=2s').interval, 2_000)
  })

  test('may name a recording, with options', () => {
    const spec = parseModel('replay:openai-text.sse,split=1,interval=2ms')
    assert.equal(spec.replay, 'openai-text.sse')
    assert.equal(spec.split, '1')
    assert.equal(spec.interval, 2)
  })

  test('takes every fault, with a place where it has one', () => {
    for (const name of Object.keys(FAULTS).filter(isFaultName)) {
      assert.deepEqual(parseModel(`sim:fault=${name}`).fault, { name, at: undefined })
      if (FAULTS[name].at === undefined) assert.throws(() => parseModel(`sim:fault=${name}@3`), /write fault=/)
      else assert.deepEqual(parseModel(`sim:fault=${name}@3`).fault, { name, at: 3 })
    }
  })

  const wrong: readonly (readonly [name: string, says: RegExp])[] = [
    ['sim:token=5', /unknown option “token”; there are tokens, interval/],
    ['sim:tokens', /“tokens” needs a value/],
    ['sim:tokens=-1', /whole number from 0 to 200000, got “-1”/],
    ['sim:tokens=1e3', /whole number/],
    ['sim:tokens=200001', /200000/],
    ['sim:tokens=1,tokens=2', /given twice/],
    ['sim:interval=fast', /a time such as 2ms or 1\.5s/],
    ['sim:first=2h', /a time such as/],
    ['sim:fault=explode', /unknown fault “explode”; there are cut, cut-once/],
    ['sim:fault=cut@x', /whole number/],
    ['sim:fault=flapping@0', /from 1/],
    ['sim:shape=cohere', /one of openai, azure/],
    ['sim:split=2', /one of event, 1, random, 64k, whole/],
    ['sim:preamble=yes', /one of 0, 1/],
    ['sim:__proto__=1', /unknown option/],
    ['sim:fault=constructor', /unknown fault/],
    ['replay:', /needs the name/],
  ]
  for (const [name, says] of wrong) {
    test(`is refused when it is ${name}, saying what would be right`, () => {
      assert.throws(
        () => parseModel(name),
        (error) => {
          assert.ok(error instanceof SluiceError)
          assert.equal(error.code, 'invalid_value')
          assert.equal(error.facts.param, 'model')
          assert.match(error.message, says)
          return true
        },
      )
    })
  }

  test('never throws anything else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseModel(`sim:${text}`)
        } catch (error) {
          assert.ok(error instanceof SluiceError && error.code === 'invalid_value')
        }
      }),
    )
  })
})

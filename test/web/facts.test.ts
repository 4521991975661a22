import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer } from '../../src/chat/index.ts'
import { en } from '../../web/src/texts/en.ts'
import { factsOf, readSnapshot } from '../../web/src/why/facts.ts'

const answer: Answer = {
  role: 'assistant',
  id: 'a',
  parent: 'u',
  createdAt: 1,
  askedAt: 1,
  settings: { model: 'm' },
  status: 'done',
  text: 'Hi',
  reasoning: '',
  toolCalls: [],
  events: [],
  timings: { firstTokenMs: 100, totalMs: 1_100, arrivals: [100, 1_100] },
  resumed: 0,
  part: 1,
  partAt: { text: 0, reasoning: 0 },
}

function fact(name: string, of: Partial<Answer>, stream: object): string | undefined {
  const snapshot = readSnapshot({
    status: 'completed',
    timeline: [{ at: 0, type: 'attempt', provider: 'main' }],
    ...stream,
  })
  return factsOf({ ...answer, ...of }, snapshot, en, 'en').find(([each]) => each === name)?.[1]
}

describe('what an answer cost', () => {
  const charge = { prompt_tokens: 10, completion_tokens: 20, cost: 0.00125, estimated: false, price_source: 'config' }

  test('is what the gateway charged for it, with where the price is from', () => {
    assert.equal(fact('Cost', {}, { charge }), '$0.00125 · config')
    assert.equal(fact('Cost', { cost: 9 }, { charge }), '$0.00125 · config')
    assert.equal(fact('Cost', {}, { charge: { ...charge, estimated: true } }), '≈ $0.00125 · config')
    assert.equal(fact('Cost', {}, { charge: { ...charge, cost: 0 } }), '$0 · config')
  })

  test('is unknown where it is, and never guessed', () => {
    assert.equal(fact('Cost', {}, { charge: { ...charge, cost: null } }), 'not known')
    assert.equal(fact('Cost', { cost: 9 }, { charge: { ...charge, cost: null } }), 'not known')
    assert.equal(fact('Cost', {}, {}), 'not known')
    assert.equal(fact('Cost', {}, { charge: 'nonsense' }), 'not known')
  })

  test('is what the service said where the gateway keeps no books', () => {
    assert.equal(fact('Cost', { cost: 0.5 }, {}), '$0.5')
  })

  test('comes with the tokens that the gateway counted where the service told none', () => {
    assert.equal(fact('Tokens', {}, { charge }), '10 in, 20 out')
    assert.equal(fact('Tokens', {}, {}), undefined)
  })
})

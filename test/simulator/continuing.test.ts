import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { answerFor, startSimulator } from '../../src/simulator/index.ts'
import type { Simulator } from '../../src/simulator/index.ts'
import { ask, content, hear } from './raw.ts'

const QUESTIONS = [
  'Tell me a story about dragons',
  'Расскажи про космос',
  '解释一下量子物理',
  'Write a Python function to sort a list',
]
const MODEL = 'sim:tokens=120'
const user = (text: string): object => ({ role: 'user', content: text })
const assistant = (text: string, more: object = {}): object => ({ role: 'assistant', content: text, ...more })

const say = (messages: readonly object[], model = MODEL, more: object = {}): string =>
  answerFor({ model, messages, ...more })
const cases = QUESTIONS.map((question) => ({ question, whole: say([user(question)]) }))

describe('prefill', () => {
  for (const { question, whole } of cases) {
    test(`goes on at exactly that character, every one of them: ${question}`, () => {
      for (let at = 0; at <= whole.length; at++) {
        assert.equal(say([user(question), assistant(whole.slice(0, at))]), whole.slice(at))
      }
    })
  }

  test('is understood in the ways of vLLM, DeepSeek and llama.cpp', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    const start = whole.slice(0, 41)
    const vllm = { continue_final_message: true, add_generation_prompt: false }
    assert.equal(say([user(question), assistant(start)], MODEL, vllm), whole.slice(41))
    assert.equal(say([user(question), assistant(start, { prefix: true })]), whole.slice(41))
    assert.equal(say([user(question), assistant(start)]), whole.slice(41))
  })

  test('refuses what vLLM refuses', () => {
    const both = { continue_final_message: true, add_generation_prompt: true }
    assert.throws(() => say([user('x'), assistant('y')], MODEL, both), { code: 'invalid_value' })
    assert.throws(() => say([user('x')], MODEL, { continue_final_message: true }), { code: 'invalid_value' })
  })

  test('goes on plausibly from a text it did not write', () => {
    const text = say([user('Tell me about the sea'), assistant('Purple elephants do not swim')])
    assert.match(text, /^ \p{Lu}[^]*\.|^ /u)
    assert.ok(text.length > 40)
  })

  test('counts only new tokens for max_tokens, and the prefix as prompt', async () => {
    await using simulator = await startSimulator()
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    const messages = [user(question), assistant(whole.slice(0, 100))]
    const body = { model: `${MODEL},first=0,interval=0`, messages, max_tokens: 5 }
    const answer = JSON.parse(content(await ask(simulator, body)).toString())
    assert.equal(answer.usage.completion_tokens, 5)
    assert.equal(answer.choices[0].finish_reason, 'length')
    assert.ok(whole.slice(100).startsWith(answer.choices[0].message.content))
    const bare = JSON.parse(content(await ask(simulator, { ...body, messages: [user(question)] })).toString())
    assert.ok(answer.usage.prompt_tokens > bare.usage.prompt_tokens + 15)
  })

  test('continues JSON as well as prose', () => {
    const format = { response_format: { type: 'json_object' } }
    const whole = say([user('Describe the sea')], MODEL, format)
    for (let at = 0; at <= whole.length; at += 7) {
      assert.equal(say([user('Describe the sea'), assistant(whole.slice(0, at))], MODEL, format), whole.slice(at))
    }
  })
})

describe('an instructed continuation', () => {
  const continued = (
    question: string,
    partial: string,
    more = '',
    instruction = 'Continue exactly where you stopped.',
  ): string => say([user(question), assistant(partial), user(instruction)], MODEL + more)

  test('gives the rest, after so many repeated characters', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.integer({ min: 1, max: 1_000 }),
        fc.nat(30),
        ({ question, whole }, place, overlap) => {
          const at = Math.min(place, whole.length - 1)
          const text = continued(question, whole.slice(0, at), `,overlap=${overlap}`)
          const from = Math.max(at - overlap, 0)
          assert.ok(whole.endsWith(text))
          // One character more where the overlap would have started inside a surrogate pair.
          assert.ok([from, from - 1].includes(whole.length - text.length))
        },
      ),
    )
  })

  test('repeats 0 to 30 characters with overlap=random, by the seed', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    const overlaps = Array.from(
      { length: 60 },
      (_, i) => continued(question, whole.slice(0, 100 + i), ',overlap=random').length - (whole.length - 100 - i),
    )
    assert.ok(overlaps.every((overlap) => overlap >= 0 && overlap <= 30))
    assert.ok(new Set(overlaps).size > 10)
    assert.equal(
      continued(question, whole.slice(0, 100), ',overlap=random'),
      continued(question, whole.slice(0, 100), ',overlap=random'),
    )
  })

  test('begins with the end of the answer that the instruction quotes, where overlap= does not say otherwise', () => {
    for (const { question, whole } of cases) {
      const partial = whole.slice(0, 60)
      const end = partial.trimEnd().slice(-14)
      const rest = whole.slice(partial.trimEnd().length - 14)
      for (const quoted of [`<end>${end}</end>`, `“${end}”`]) {
        assert.equal(continued(question, partial, '', `Continue after ${quoted}, and repeat that first.`), rest)
      }
      assert.equal(continued(question, partial, '', 'Continue after <end>something else</end>.'), whole.slice(60))
      const deaf = continued(question, partial, ',overlap=0', `Continue after <end>${end}</end>.`)
      assert.equal(deaf, whole.slice(60))
    }
  })

  test('chats first with preamble=1, in the language of the question', () => {
    for (const { question, whole } of cases) {
      const text = continued(question, whole.slice(0, 50), ',preamble=1')
      assert.ok(text.endsWith(whole.slice(50)))
      assert.match(
        text.slice(0, text.length - whole.length + 50),
        /^(Sure|Of course|Continuing|Конечно|Разумеется|Продолжаю|好的|当然)[^]*\n\n$/,
      )
    }
  })

  test('is known by its position, whatever the wording and language', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    for (const wording of [
      'Continue.',
      'Продолжай с того же места.',
      '请继续',
      'Your message ended too early. The rest, please.',
      '...',
    ]) {
      assert.equal(continued(question, whole.slice(0, 77), '', wording), whole.slice(77), wording)
    }
  })

  test('is not what a new question after a stopped answer gets', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    assert.equal(
      continued(question, whole.slice(0, 77), '', 'What is the capital of France?'),
      say([user('What is the capital of France?')]),
    )
  })

  test('of a whole answer is empty, and a next question is answered', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    assert.equal(continued(question, whole, '', 'Continue.'), '')
    assert.equal(
      continued(question, whole, '', 'Thank you! Now about the moon'),
      say([user('Thank you! Now about the moon')]),
    )
  })

  test('can be cut and continued again, both ways', () => {
    const { question, whole } = cases[0] ?? { question: '', whole: '' }
    const first = [user(question), assistant(whole.slice(0, 60)), user('Continue.')]
    assert.equal(say([...first, assistant(whole.slice(60, 90))]), whole.slice(90))
    assert.equal(say([user(question), assistant(whole.slice(0, 90)), user('Continue.')]), whole.slice(90))
  })

  test('does not look through more than a few of them, so that no conversation is too long', () => {
    const turns = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? user('Tell me a story') : assistant('Once')))
    assert.notEqual(say([...turns, user('Hello')]), '')
  })
})

describe('over the wire', () => {
  let simulator: Simulator
  before(async () => {
    simulator = await startSimulator()
  })
  after(() => simulator.close())

  test('an answer cut at any token is made whole by prefill, byte for byte', async () => {
    const { question } = cases[1] ?? { question: '' }
    const whole = say([user(question)], 'sim:tokens=40')
    for (let at = 0; at <= 40; at++) {
      const request = { stream: true, messages: [user(question)] }
      const cut = hear(
        (await ask(simulator, { ...request, model: `sim:tokens=40,first=0,interval=0,fault=cut@${at}` })).body,
      )
      const messages = [user(question), assistant(cut.text)]
      const rest = hear(
        content(await ask(simulator, { stream: true, messages, model: 'sim:tokens=40,first=0,interval=0' })),
      )
      assert.equal(cut.text + rest.text, whole)
      assert.equal(rest.chunks.filter((chunk) => chunk.choices?.[0]?.delta?.content).length, 40 - at)
    }
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FAULTS, answerFor } from '../../src/simulator/index.ts'
import { composeAnswer } from '../../src/simulator/text/compose.ts'
import { detectLanguage } from '../../src/simulator/text/language.ts'
import type { Language } from '../../src/simulator/text/language.ts'
import { chat } from './raw.ts'

const QUESTIONS: Readonly<Record<Language, readonly string[]>> = {
  en: ['Tell me a story about dragons', 'What is the capital of France?', 'Compare TCP and UDP', 'hi'],
  ru: ['Расскажи длинную историю про космос', 'Почему небо голубое?', 'Напиши код на Python для сортировки'],
  zh: ['给我讲一个关于月亮的故事', '解释一下量子物理', '长城有多长？'],
  ja: ['量子コンピュータについて教えてください', 'TCPとUDPの違いは何ですか', '面白い物語を聞かせて'],
  vi: ['Hãy kể cho tôi nghe một câu chuyện về con rồng', 'Tại sao bầu trời màu xanh?'],
  de: [
    'Erkläre mir die Relativitätstheorie',
    'Erzähl mir eine Geschichte',
    'Was ist der Unterschied zwischen TCP und UDP?',
  ],
  es: ['¿Qué es la fotosíntesis?', 'Cuéntame un cuento sobre el mar'],
  ar: ['اشرح لي الجاذبية بالتفصيل', 'احك لي قصة عن البحر'],
}
const ALL = Object.values(QUESTIONS).flat()
const ask = (model: string, question: string): string => answerFor(chat(model, question))

describe('an answer', () => {
  for (const [language, questions] of Object.entries(QUESTIONS)) {
    test(`is in the language of the question: ${language}`, () => {
      for (const question of questions) {
        assert.equal(detectLanguage(question), language, question)
        assert.equal(detectLanguage(ask('default', question)), language, question)
      }
    })
  }

  test('is on the subject of the question', () => {
    assert.match(ask('default', 'Tell me a story about dragons'), /dragons/)
    assert.match(ask('default', 'What is the capital of France?'), /the capital of France/)
    assert.match(ask('default', 'Расскажи длинную историю про космос'), /космос/)
    assert.match(ask('default', '给我讲一个关于月亮的故事'), /月亮/)
    assert.match(ask('default', '量子コンピュータについて教えてください'), /量子コンピュータ/)
  })

  test('says that it is simulated', () => {
    for (const question of ALL)
      assert.match(
        ask('default', question),
        /simulat|симул|模拟|模擬|mô phỏng|giả lập|simuliert|simulad|محاك/i,
        question,
      )
  })

  test('has Markdown where the question calls for it', () => {
    assert.match(ask('default', 'Write a Rust function'), /```rust\n[^]*\n```/)
    assert.match(ask('default', 'Compare TCP and UDP'), /\n\| --- \| --- \| --- \|\n/)
    assert.match(ask('default', 'Give me a list of ideas'), /\n1\. [^]*\n2\. /)
    assert.match(ask('default', 'Explain the tides in detail'), /\n## [^]*\n- \*\*/)
  })

  test('has no gaps left unfilled and no odd spaces', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ALL),
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 1, max: 600 }),
        (question, seed, tokens) => {
          const text = ask(`sim:tokens=${tokens},seed=${seed}`, question)
          const prose = text.replace(/```[^]*?```/g, 'code')
          assert.doesNotMatch(prose, /\{(topic|word|n|note)\}|undefined|\S  +\S|\n{3,}/)
          assert.equal(text, text.trim())
        },
      ),
    )
  })

  test('has exactly as many tokens as asked for', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL), fc.integer({ min: 0, max: 1_500 }), fc.nat(1_000), (text, tokens, seed) => {
        assert.equal(composeAnswer({ text }, seed, tokens).length, tokens)
      }),
    )
    assert.equal(composeAnswer({ text: 'Tell me a story' }, 0, 20_000).length, 20_000)
  })

  test('is of a length that fits the question', () => {
    for (const question of ALL) {
      const { length } = composeAnswer({ text: question }, 0, undefined)
      assert.ok(length >= 40 && length <= 400, `${question}: ${length}`)
    }
  })

  test('tells stories that keep their end, however short', () => {
    for (const tokens of [150, 200, 260, 700]) {
      assert.match(
        ask(`sim:tokens=${tokens}`, 'Tell me a story'),
        /once, and then once more|turning a page|right under his own|queue down the street/,
      )
    }
  })

  test('takes no signs from the question that Markdown or HTML would act on', () => {
    const text = ask('default', 'What is <img src=x onerror=alert(1)> **bold** `x` | y {topic}?')
    assert.doesNotMatch(text, /<img|\{topic\}|`/)
  })

  test('comes for anything at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (question) =>
        assert.notEqual(ask('default', question), ''),
      ),
    )
  })
})

describe('the law of the text', () => {
  const names = Object.keys(FAULTS).filter((name) => name !== 'content-filter')
  const option = fc.record({
    interval: fc.nat(9),
    first: fc.nat(9),
    fault: fc.constantFrom(...names),
    shape: fc.constantFrom('openai', 'azure', 'mistral', 'vllm', 'gemini'),
    split: fc.constantFrom('1', 'random', 'whole'),
    usage: fc.constantFrom('none', 'each'),
    overlap: fc.constantFrom('0', '7', 'random'),
  })

  test('it depends on the prompt, seed and tokens only', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ALL),
        fc.nat(1_000),
        fc.integer({ min: 1, max: 300 }),
        option,
        (question, seed, tokens, more) => {
          const options = Object.entries(more).map(([key, value]) => `${key}=${value}`)
          const healthy = ask(`sim:tokens=${tokens},seed=${seed}`, question)
          assert.equal(ask(`sim:tokens=${tokens},seed=${seed},${options.join(',')}`, question), healthy)
        },
      ),
    )
  })

  test('another seed gives another answer', () => {
    const texts = new Set(Array.from({ length: 20 }, (_, seed) => ask(`sim:seed=${seed}`, 'Explain the tides')))
    assert.ok(texts.size >= 18)
  })

  test('the seed of the name goes before that of the request, and both before the simulator’s', () => {
    const question = 'Explain the tides'
    const seven = ask('sim:seed=7', question)
    assert.equal(answerFor(chat('default', question, { seed: 7 })), seven)
    assert.equal(answerFor(chat('default', question), { seed: 7 }), seven)
    assert.equal(answerFor(chat('sim:seed=7', question, { seed: 8 }), { seed: 9 }), seven)
    assert.equal(answerFor(chat('default', question, { seed: 7 }), { seed: 9 }), seven)
  })
})

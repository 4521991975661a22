import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { words } from '../../../src/client/text/words.ts'
import { all, cutAt, cutText, from, mixed } from './support.ts'

const CHINESE =
  '人工智能正在改变我们的生活方式和工作方式，在过去的十年里，机器学习技术取得了巨大的进步。深度神经网络能够识别图像、理解语言，甚至创作音乐。南京市长江大桥是一座著名的桥梁，研究生命的起源是科学家们长期以来的目标。'
const JAPANESE =
  '人工知能は私たちの生活を大きく変えつつあります。機械学習の技術は過去十年間で飛躍的に進歩し、画像認識や自然言語処理などの分野で実用化が進んでいます。インターネットを通じて世界中の人々とコミュニケーションできるようになりました。'
const THAI =
  'ปัญญาประดิษฐ์กำลังเปลี่ยนแปลงวิถีชีวิตและการทำงานของเราในช่วงสิบปีที่ผ่านมาเทคโนโลยีการเรียนรู้ของเครื่องได้พัฒนาไปอย่างมาก โครงข่ายประสาทเทียมสามารถจดจำภาพเข้าใจภาษาและแม้กระทั่งแต่งเพลงได้อย่างไรก็ตามเมื่อเทคโนโลยีเหล่านี้พัฒนาขึ้นเราก็ต้องเผชิญกับความท้าทายใหม่ๆมากมาย'

/** Where the words of a whole text begin, and where it ends. */
function boundaries(text: string): ReadonlySet<number> {
  const segments = new Intl.Segmenter(undefined, { granularity: 'word' }).segment(text)
  return new Set([...segments].map(({ index }) => index).concat(text.length))
}

/** Ends of the pieces in the text they join to. */
function ends(pieces: readonly string[]): readonly number[] {
  let at = 0
  return pieces.map((piece) => (at += piece.length))
}

describe('words', () => {
  test('gives each word with the spaces and marks after it', async () => {
    const text = 'Hello, world! It costs 3.14 "dollars"\n\n- isn\'t it?'
    assert.deepEqual(await all(words()(from([text]))), [
      'Hello, ',
      'world! ',
      'It ',
      'costs ',
      '3.14 ',
      '"dollars"\n\n',
      '- ',
      "isn't ",
      'it?',
    ])
  })

  test('waits with a word until the next piece cannot make it longer', async () => {
    const seen: string[][] = []
    const given: string[] = []
    const tokens = ['unbe', 'liev', 'able', ' st', 'ory', ',', ' the', 'n', ' ']
    async function* source(): AsyncGenerator<string> {
      for (const token of tokens) {
        yield token
        seen.push([...given])
      }
    }
    for await (const word of words()(source())) given.push(word)
    assert.deepEqual(given, ['unbelievable ', 'story, ', 'then '])
    assert.deepEqual(seen.at(3), ['unbelievable '])
    assert.deepEqual(seen.at(2), [])
  })

  for (const [language, locale, text] of [
    ['Chinese', 'zh', CHINESE],
    ['Japanese', 'ja', JAPANESE],
    ['Thai', 'th', THAI],
  ] as const) {
    test(`finds the words of ${language} that the whole text has, token by token`, async () => {
      const pieces = await all(words({ locale })(from(Array.from(text))))
      assert.equal(pieces.join(''), text)
      assert.ok(pieces.length > text.length / 8, `${pieces.length} pieces`)
      const known = boundaries(text)
      assert.deepEqual(
        ends(pieces).filter((end) => !known.has(end)),
        [],
      )
    })

    test(`does not hold more than a few words of ${language} back`, async () => {
      let arrived = 0
      let given = 0
      let most = 0
      async function* source(): AsyncGenerator<string> {
        for (const character of text) {
          arrived += character.length
          yield character
          most = Math.max(most, arrived - given)
        }
      }
      for await (const word of words()(source())) given += word.length
      assert.ok(most <= 40, `${most} characters were held`)
    })
  }

  test('gives the same words however the text is cut', async () => {
    await fc.assert(
      fc.asyncProperty(mixed, fc.array(fc.nat(1_000), { maxLength: 30 }), async (text, cuts) => {
        assert.deepEqual(await all(words()(from(cutAt(text, cuts)))), await all(words()(from([text]))))
      }),
      { numRuns: 500 },
    )
  })

  test('gives the same words for one unit of text at a time', async () => {
    await fc.assert(
      fc.asyncProperty(mixed, async (text) => {
        assert.deepEqual(await all(words()(from(text.split('')))), await all(words()(from([text]))))
      }),
    )
  })

  test('gives words that join to the text', async () => {
    await fc.assert(
      fc.asyncProperty(cutText(mixed), async (pieces) => {
        const given = await all(words()(from(pieces)))
        assert.equal(given.join(''), pieces.join(''))
        assert.ok(!given.includes(''))
      }),
      { numRuns: 500 },
    )
  })

  test('cuts only where the whole text has a word boundary', async () => {
    const text = fc
      .array(
        fc.constantFrom(
          'state-of-the-art',
          'https://example.com/a?b=1',
          '3.14',
          "rock 'n' roll",
          'x',
          ' ',
          '\n',
          'état',
          '👍🏽',
          '👩‍👩‍👧',
        ),
        {
          maxLength: 60,
        },
      )
      .map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(cutText(text), async (pieces) => {
        const known = boundaries(pieces.join(''))
        assert.deepEqual(
          ends(await all(words()(from(pieces)))).filter((end) => !known.has(end)),
          [],
        )
      }),
      { numRuns: 300 },
    )
  })

  test('gives what has no boundary in bounded parts, and never half of a pair', async () => {
    const given = await all(words()(from(['x'.repeat(10_000), '😀'.repeat(3_000)])))
    assert.ok(Math.max(...given.map(({ length }) => length)) <= 2_048)
    assert.ok(given.every((piece) => piece.isWellFormed()))
    assert.equal(given.join(''), 'x'.repeat(10_000) + '😀'.repeat(3_000))
  })

  test('gives ideographs one by one where the runtime has no Intl.Segmenter', async () => {
    const Segmenter = Intl.Segmenter
    try {
      Reflect.deleteProperty(Intl, 'Segmenter')
      assert.deepEqual(await all(words()(from(['世界，', 'two words']))), ['世', '界，', 'two ', 'words'])
    } finally {
      Object.defineProperty(Intl, 'Segmenter', { value: Segmenter, configurable: true, writable: true })
    }
  })
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { answerFor } from '../../src/simulator/index.ts'
import { BlockReader, closingOf, grouped } from '../../web/src/markdown/blocks.ts'
import { decodeEntities } from '../../web/src/markdown/entities.ts'
import { lex } from '../../web/src/markdown/lex.ts'
import { paint, type Painted } from '../../web/src/markdown/highlight.ts'
import { safeHref } from '../../web/src/markdown/links.ts'
import { nextSentences } from '../../web/src/sentences.ts'

const TEXTS: readonly string[] = [
  answerFor({
    model: 'sim:tokens=500,seed=1',
    messages: [{ role: 'user', content: 'Compare tables, lists and code in Go' }],
  }),
  answerFor({ model: 'sim:tokens=500,seed=2', messages: [{ role: 'user', content: 'Напиши сортировку на Rust' }] }),
  '- a\n- b\n\n- c\n\n  more\n\ntext\n\n1. x\n2. y\n',
  '| a | b |\n|---|--:|\n| 1 | 2 |\n\n```ts\nconst a = `x`\n```\nafter\n\n> quote\nlazy\n\nTitle\n===\n',
  'see [here] and [there]\n\n* * *\n\n[here]: https://example.com\n\n<details>\nx\n\n</details>\n',
  '**标题：**内容\n\n- **一：**二\n\n他说**“好”**然后\n',
  'a\r\nb\r\n\r\n- c\r\n- d\r\n\r\n```\r\ncode\r\n```\r\n',
]

describe('the blocks of a text that grows', () => {
  test('are in the end those of the whole text, however it came', () => {
    for (const text of TEXTS) {
      const whole = lex(text, false)
      for (const size of [1, 3, 17, 1_000]) {
        const reader = new BlockReader()
        for (let end = size; end < text.length; end += size) reader.read(text.slice(0, end), false)
        assert.deepEqual(
          reader.read(text, true).map(({ token }) => token),
          [...whole],
        )
      }
    }
  })

  test('are at every moment those of the text so far, but for what is not closed yet', () => {
    for (const text of TEXTS.filter((each) => !each.includes(']:') && !each.includes('\r'))) {
      const reader = new BlockReader()
      for (let end = 1; end < text.length; end++) {
        const part = text.slice(0, end)
        const blocks = reader.read(part, false)
        const expected = lex(part, true)
        assert.deepEqual(
          blocks.map(({ token }) => token.type),
          expected.map(({ type }) => type),
          JSON.stringify(part.slice(-80)),
        )
        assert.deepEqual(
          blocks.slice(0, -1).map(({ token }) => token.raw),
          expected.slice(0, -1).map(({ raw }) => raw),
        )
      }
    }
  })

  test('stay the same objects once they are finished', () => {
    const reader = new BlockReader()
    const first = reader.read('# One\n\nTwo\n\nThr', false)[0]
    assert.equal(reader.read('# One\n\nTwo\n\nThree\n\nFour', false)[0], first)
    assert.equal(reader.read('# One\n\nTwo\n\nThree\n\nFour', true)[0], first)
  })

  test('are in groups that stay the same while others grow', () => {
    const reader = new BlockReader()
    const text = Array.from({ length: 100 }, (_, at) => `Paragraph ${at}`).join('\n\n')
    const first = grouped(reader.read(text, false), [])
    const second = grouped(reader.read(`${text} and more`, false), first)
    assert.equal(second.flat().length, reader.read(`${text} and more`, false).length)
    assert.deepEqual(
      second.map((group, at) => group === first[at]),
      [...second.slice(1).map(() => true), false],
    )
    const whole = grouped(reader.read(`${text} and more`, true), second)
    assert.equal(whole[0], second[0])
  })

  test('begin anew with another text', () => {
    const reader = new BlockReader()
    reader.read('# One\n\nTwo\n\nThree', false)
    assert.deepEqual(
      reader.read('Other', false).map(({ token }) => token.raw),
      ['Other'],
    )
  })

  test('know links whose target came before', () => {
    const reader = new BlockReader()
    reader.read('[a]: https://example.com\n\ntext\n\n', false)
    const last = reader.read('[a]: https://example.com\n\ntext\n\nsee [a] there', false).at(-1)?.token
    assert.match(JSON.stringify(last), /"type":"link"/)
  })
})

test('strong text needs no spaces around it where the script has none', () => {
  const strong = (text: string): readonly string[] =>
    lex(text, false).flatMap((token) =>
      'tokens' in token ? (token.tokens ?? []).filter(({ type }) => type === 'strong').map(({ raw }) => raw) : [],
    )
  assert.deepEqual(strong('**标题：**内容和**“引用”**后面'), ['**标题：**', '**“引用”**'])
  assert.deepEqual(strong('これは**「重要」**です。普通の**太字**も。'), ['**「重要」**', '**太字**'])
  assert.deepEqual(strong('**주의:**한국어'), ['**주의:**'])
  assert.deepEqual(strong('2 ** 3 中文 ** 4'), [])
  assert.deepEqual(strong('中文 `**：**内`'), [])
  assert.deepEqual(strong('**word:**text'), [])
  assert.deepEqual(lex('**标题：`码`**内容', false)[0], lex('**标题：`码`**内容', true)[0])
})

test('what is open at the end of a line is closed for showing', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a **b', '**'],
    ['a **b**', ''],
    ['a `b', '`'],
    ['a `**', '`'],
    ['a **b*', ''],
    ['a', ''],
    ['2 ** ', ''],
  ]
  for (const [text, closing] of cases) assert.equal(closingOf(text), closing, text)
})

test('a link goes to the web or to a mailbox, and nowhere else', () => {
  assert.equal(safeHref('https://example.com/a?b#c'), 'https://example.com/a?b#c')
  assert.equal(safeHref('mailto:a@example.com'), 'mailto:a@example.com')
  for (const bad of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:x',
    'data:text/html,x',
    'vbscript:x',
    '//evil.example',
    '/v1/models',
    '',
    'blob:x',
    'file:///etc/passwd',
    'https://user:pass@example.com',
    'javascript&colon;alert(1)',
  ])
    assert.equal(safeHref(bad), undefined, bad)
})

test('character references become characters, unknown ones stay', () => {
  assert.equal(
    decodeEntities('a &lt;b&gt; &amp;amp; &#65;&#x42; &nope; &#0; &#xD800; &constructor;'),
    'a <b> &amp; AB &nope; \ufffd \ufffd &constructor;',
  )
})

test('code in colours is the same code', () => {
  const flat = (pieces: readonly Painted[]): string =>
    pieces.map((each) => (typeof each === 'string' ? each : flat(each.children))).join('')
  const samples: readonly (readonly [string, string])[] = [
    ['typescript', 'const a: string = `x${1 + 1}` // no\n'],
    ['html', '<script>let a = 1</script>'],
    ['python', 'def f(x):\n    return "y"'],
  ]
  for (const [language, code] of samples) {
    const painted = paint(code, language)
    assert.ok(
      painted?.some((each) => typeof each !== 'string'),
      language,
    )
    assert.equal(flat(painted ?? []), code)
  }
  assert.equal(paint('x', 'klingon'), undefined)
})

describe('what is read out', () => {
  test('is whole sentences, and in the end everything but code', () => {
    assert.deepEqual(nextSentences('One. Two', 0, false), { speech: 'One.', said: 4 })
    assert.equal(nextSentences('One. **Two** `x`', 4, true).speech, 'Two x')
    assert.equal(nextSentences('See:\n```js\nlet a.\n b', 0, false).speech, 'See:')
    assert.equal(nextSentences('你好。再见', 0, false).speech, '你好。')
  })

  test('never says a thing twice', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('One. ', 'Two! ', 'three ', '\n', '你好。')), (pieces) => {
        let [text, said, spoken] = ['', 0, '']
        for (const piece of pieces) {
          text += piece
          const next = nextSentences(text, said, false)
          said = next.said
          spoken += next.speech
        }
        spoken += nextSentences(text, said, true).speech
        assert.equal(spoken.replace(/\s/g, ''), text.replace(/\s/g, ''))
      }),
    )
  })
})

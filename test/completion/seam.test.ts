import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { anchorOf } from '../../src/completion/anchor.ts'
import { instructionFor } from '../../src/completion/instruction.ts'
import { Seam } from '../../src/completion/seam.ts'
import type { SeamMode } from '../../src/completion/seam.ts'
import { de } from '../../src/simulator/text/corpus/de.ts'
import { en } from '../../src/simulator/text/corpus/en.ts'
import { es } from '../../src/simulator/text/corpus/es.ts'
import { ja } from '../../src/simulator/text/corpus/ja.ts'
import { ru } from '../../src/simulator/text/corpus/ru.ts'
import { vi } from '../../src/simulator/text/corpus/vi.ts'
import { zh } from '../../src/simulator/text/corpus/zh.ts'
import { tokenize } from '../../src/simulator/text/tokenize.ts'
import { ANSWERS } from './answers.ts'

/** What a reader has after `sent` and a continuation that arrives in pieces. */
function join(sent: string, pieces: readonly string[], mode: SeamMode = 'instruct'): string {
  const seam = new Seam({ sent, mode })
  let text = sent
  for (const piece of pieces) text += seam.push(piece)
  return text + seam.end()
}

const PREAMBLES: Readonly<Record<keyof typeof ANSWERS, string>> = {
  English: 'Sure, continuing from where I left off:\n\n',
  Russian: 'Конечно, продолжаю с того места, где остановился:\n\n',
  Chinese: '好的，继续：\n\n',
  Markdown: 'Certainly! Here is the rest of the answer:\n\n',
}

const LANGUAGES = ['English', 'Russian', 'Chinese', 'Markdown'] as const

describe('a continuation that was asked for in words', () => {
  for (const language of LANGUAGES) {
    for (const preamble of ['', PREAMBLES[language]]) {
      const how = preamble === '' ? '' : ' behind a preamble'
      test(`joins exactly in at least 99 % of cuts at each of 200 tokens with 0 to 30 repeated characters: ${language}${how}`, (t) => {
        const wrong: string[] = []
        let joins = 0
        const tokens = tokenize(ANSWERS[language])
        assert.ok(tokens.length >= 200)
        for (let cut = 1; cut <= 200; cut++) {
          const sent = tokens.slice(0, cut).join('')
          const rest = tokens.slice(cut).join('')
          for (let overlap = 0; overlap <= Math.min(30, sent.length); overlap++) {
            joins++
            const said = preamble + sent.slice(sent.length - overlap) + rest
            if (join(sent, tokenize(said)) !== sent + rest) {
              wrong.push(`${overlap} ${JSON.stringify(sent.slice(-24))} + ${JSON.stringify(rest.slice(0, 12))}`)
            }
          }
        }
        t.diagnostic(
          `${joins - wrong.length} of ${joins} exact, ${((100 * (joins - wrong.length)) / joins).toFixed(2)} %`,
        )
        assert.ok(wrong.length <= joins / 100, wrong.slice(0, 40).join('\n'))
      })
    }
  }

  for (const [language, corpus] of Object.entries({ de, en, es, ja, ru, vi, zh })) {
    test(`drops what models say before they go on: ${language}`, () => {
      for (const preamble of corpus.preambles) {
        const seam = new Seam({ sent: 'Once there was a king' })
        const shown = tokenize(`${preamble} and so on`).map((piece) => seam.push(piece))
        assert.equal(shown.join('') + seam.end(), ' and so on', preamble)
        assert.equal(seam.preamble, preamble)
      }
    })
  }

  for (const [sent, said, shown] of [
    ['He asked: ', 'Sure, why not?\nShe nodded.', 'Sure, why not?\nShe nodded.'],
    ['The list is long.', '\n\nHere is the next point: order.\n', '\n\nHere is the next point: order.\n'],
    ['It is', ' very, very good', ' very, very good'],
    ['1, 0, 0, 0,', ' 0, 0, 0]', ' 0, 0, 0]'],
    ['The year was 20', '00 exactly', '00 exactly'],
    ['foo(bar(', '(x)))', '(x)))'],
    ['f(g(x)', ')\n', ')\n'],
    ['x = "', '"\n', '"\n'],
    ['go', 'od news', 'od news'],
    ['in the mid', 'dle of', 'dle of'],
    ['it will rem', 'ember you', 'ember you'],
    ['they train', 'ing the', 'ing the'],
    ['what is need', 'ed is', 'ed is'],
    ['to bring', 'ing it', 'ing it'],
    ['half an', ' answer is', ' answer is'],
    ['в длин', 'ном доме', 'ном доме'],
    ['никого друго', 'го нет', 'го нет'],

    ['请慢', '慢来', '慢来'],
    ['Now:\n\n#', '# Title\n', '# Title\n'],
    ['| a | b | |\n|---|---|---|\n| x | y |', ' |\n', ' |\n'],
    ['```py\nif a:\n    if b:\n        c()\n    ', '    d()\n', '    d()\n'],
    ['Wait..', '. what?', '. what?'],
    ['interrupted, then inter', 'rupted again', 'rupted again'],
    ['# Title\n', '\nText', '\nText'],
  ] as const) {
    test(`keeps text that only looks repeated: ${JSON.stringify(sent)} + ${JSON.stringify(said)}`, () => {
      assert.equal(join(sent, [said]), sent + shown)
    })
  }

  for (const [sent, said, whole] of [
    ['The quick brown', 'brown fox', 'The quick brown fox'],
    ['The quick brown', 'own fox', 'The quick brown fox'],
    ['The quick brown', '...brown fox', 'The quick brown fox'],
    ['The quick brown', 'Continuing from there: brown fox jumps\n', 'The quick brown fox jumps\n'],
    ['A thumbs up 👍🏽', '👍🏽 for you', 'A thumbs up 👍🏽 for you'],
    ['Code:\n```py\nx = 1\n', '```py\ny = 2\n```\n', 'Code:\n```py\nx = 1\ny = 2\n```\n'],
    ['foo(bar(', '(x))\n', 'foo(bar(x))\n'],
    ['x = y["', '"key"]\n', 'x = y["key"]\n'],
    ['```', '`python\nx', '```python\nx'],
    ['for the', 'e end', 'for the end'],
    ['std:', ': it is', 'std: it is'],
    ['ninety-', '-nine', 'ninety-nine'],
    ['```py\nif a:\n    b()\n  ', '    c()\n', '```py\nif a:\n    b()\n    c()\n'],
    ['Code:\n```py\nx = 1\n', '```\nDone.', 'Code:\n```py\nx = 1\n```\nDone.'],
  ] as const) {
    test(`drops what is repeated: ${JSON.stringify(sent)} + ${JSON.stringify(said)}`, () => {
      assert.equal(join(sent, Array.from(said)), whole)
    })
  }

  for (const language of LANGUAGES) {
    test(`that begins as it was asked to joins exactly at every character, behind a preamble or not: ${language}`, () => {
      const answer = ANSWERS[language]
      for (let cut = 1; cut < answer.length; cut++) {
        const sent = answer.slice(0, cut)
        const anchor = anchorOf(sent)
        if (anchor === '' || !sent.isWellFormed()) continue
        const rest = sent.slice(sent.lastIndexOf(anchor)) + answer.slice(cut)
        assert.equal(join(sent, [rest]), answer)
        assert.equal(join(sent, [PREAMBLES[language] + rest]), answer)
        assert.equal(
          join(sent, [`<end>${anchor}</end>${sent.slice(sent.trimEnd().length)}${answer.slice(cut)}`]),
          answer,
        )
      }
    })
  }

  for (const sent of ['0, 0, 0, 0, 0, 0, 0, 0,', 'ha ha ha ha ha ha ha ha', '    '.repeat(12) + 'x', 'a'.repeat(300)]) {
    test(`goes on with a row of equal parts where it was asked to: ${JSON.stringify(sent.slice(0, 20))}…`, () => {
      assert.equal(join(sent, [anchorOf(sent), ' 0, 0, ha']), `${sent} 0, 0, ha`)
    })
  }

  test('that leaves out the white space which was sent behind the last word gets it once', () => {
    assert.equal(join('def f(x):\n    ', ['def f(x):\n', '    return x']), 'def f(x):\n    return x')
    assert.equal(join('The quick ', ['The quick', ' brown']), 'The quick brown')
    assert.equal(join('The quick ', ['The quick', 'brown']), 'The quick brown')
  })

  test('is asked for by an instruction that quotes the end of the answer, in its language', () => {
    for (const language of LANGUAGES) {
      const instruction = instructionFor(ANSWERS[language].slice(0, 300))
      assert.ok(instruction.includes(`<end>${anchorOf(ANSWERS[language].slice(0, 300))}</end>`), instruction)
    }
    assert.notEqual(instructionFor(ANSWERS.Russian), instructionFor(ANSWERS.English))
    assert.ok(instructionFor('costs $& or $1').includes('<end>costs $& or $1</end>'))
  })

  test('recognises the whole answer said again, and swallows it', () => {
    const sent = ANSWERS.Russian.slice(0, 700)
    const seam = new Seam({ sent })
    const shown = tokenize(ANSWERS.Russian).map((piece) => seam.push(piece))
    assert.equal(sent + shown.join('') + seam.end(), ANSWERS.Russian)
    assert.equal(seam.overlap, Array.from(sent).length)
  })

  test('is broken when the answer starts anew and then goes another way, and shows nothing of it', () => {
    const sent = ANSWERS.English.slice(0, 600)
    const seam = new Seam({ sent })
    const shown = tokenize(`${sent.slice(0, 400)} but then it said something else entirely.`).map((piece) =>
      seam.push(piece),
    )
    assert.equal(shown.join('') + seam.end(), '')
    assert.equal(seam.isBroken, true)
  })

  test('joins alike however the continuation is cut into pieces', () => {
    const place = fc.record({
      language: fc.constantFrom(...LANGUAGES),
      cut: fc.nat(800),
      overlap: fc.nat(60),
      preamble: fc.boolean(),
      pieces: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
    })
    fc.assert(
      fc.property(place, ({ language, cut, overlap, preamble, pieces }) => {
        const answer = ANSWERS[language]
        const sent = answer.slice(0, cut)
        const said = (preamble ? PREAMBLES[language] : '') + answer.slice(Math.max(0, cut - overlap))
        assert.equal(join(sent, cutUp(said, pieces)), join(sent, [said]))
      }),
      { numRuns: 500 },
    )
  })

  test('never loses text that is new: all of it stands at the end', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme', minLength: 1 }), (sent, said) => {
        const whole = join(sent, Array.from(said))
        assert.ok(whole.startsWith(sent))
        assert.ok(said.endsWith(whole.slice(sent.length)))
      }),
    )
  })

  test('holds back no more than it needs to: text unlike what was sent is shown at once', () => {
    const seam = new Seam({ sent: 'The quick brown fox' })
    assert.equal(seam.push('!!! Zebras'), '!!! Zebras')
    assert.equal(seam.isJoined, true)
  })
})

describe('a continuation of a prefilled answer', () => {
  for (const language of LANGUAGES) {
    test(`loses and repeats nothing at any of 200 tokens, also when the engine says the prefix again: ${language}`, () => {
      const tokens = tokenize(ANSWERS[language])
      for (let cut = 1; cut <= 200; cut++) {
        const sent = tokens.slice(0, cut).join('')
        const rest = tokens.slice(cut)
        assert.equal(join(sent, rest, 'prefill'), ANSWERS[language])
        if (sent.length >= 8) assert.equal(join(sent, tokens, 'prefill'), ANSWERS[language])
      }
    })
  }

  test('drops no overlap', () => assert.equal(join('ha ha ha', [' ha ha ha!'], 'prefill'), 'ha ha ha ha ha ha!'))
})

describe('a regenerated answer', () => {
  test('is swallowed as far as it was sent', () => {
    const tokens = tokenize(ANSWERS.Chinese)
    for (let cut = 1; cut < tokens.length; cut += 7) {
      assert.equal(join(tokens.slice(0, cut).join(''), tokens, 'regenerate'), ANSWERS.Chinese)
    }
  })

  test('breaks the seam at the first difference', () => {
    const seam = new Seam({ sent: 'one two three', mode: 'regenerate' })
    assert.equal(seam.push('one two f') + seam.push('our five'), '')
    assert.equal(seam.isBroken, true)
  })

  test('breaks the seam when it ends before the place of the cut', () => {
    const seam = new Seam({ sent: 'one two three', mode: 'regenerate' })
    assert.equal(seam.push('one two') + seam.end(), '')
    assert.equal(seam.isBroken, true)
  })
})

/** `text` in pieces of the lengths given, over and over. */
function cutUp(text: string, lengths: readonly number[]): readonly string[] {
  const pieces: string[] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const length = lengths[i % lengths.length] ?? 1
    pieces.push(text.slice(at, at + length))
    at += length
  }
  return pieces
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Token } from 'marked'
import { BlockReader } from '../../web/src/markdown/blocks.ts'
import { formulaOf, isFormula } from '../../web/src/markdown/formulas.ts'
import { lex } from '../../web/src/markdown/lex.ts'
import { typeset, type Typeset } from '../../web/src/markdown/typeset.ts'

const { payloads }: { readonly payloads: readonly { readonly payload: string }[] } = JSON.parse(
  readFileSync(new URL('../fixtures/xss-payloads.json', import.meta.url), 'utf8'),
)

/** The formulas in a text; those in lines of their own with a mark. */
function formulas(text: string, isGrowing = false): readonly string[] {
  const found = (token: Token): readonly string[] => {
    if (isFormula(token)) return [`${formulaOf(token).isDisplay ? '!' : ''}${formulaOf(token).text}`]
    const inner = 'items' in token ? token.items : 'tokens' in token ? token.tokens : []
    return Array.isArray(inner) ? inner.flatMap(found) : []
  }
  return lex(text, isGrowing).flatMap(found)
}

describe('a formula', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['$x^2$ and $y$', ['x^2', 'y']],
    [String.raw`Let \(x\) be \( n-1 \)`, ['x', 'n-1']],
    ['$$x$$ is nice', ['!x']],
    [String.raw`so \[y=1\] holds`, ['!y=1']],
    ['$$\na\n=\nb\n$$\n\nafter', ['!a\n=\nb']],
    [String.raw`\[` + '\nx\n- b\n' + String.raw`\]`, ['!x\n- b']],
    ['text\n$$\nx\n$$\nmore', ['!x']],
    ['- item $a*b*c$\n\n  $$x$$\n', ['a*b*c', '!x']],
    ['**bold $a*b$ and $c*d$ more**', ['a*b', 'c*d']],
    ['设$x$为 the $n$th, $\\alpha$-stable', ['x', 'n', '\\alpha']],
    ['$a_1$ and $b_1$', ['a_1', 'b_1']],
    [String.raw`$\text{if } x > 0$`, [String.raw`\text{if } x > 0`]],
  ]
  for (const [text, expected] of cases)
    test(`is found in ${JSON.stringify(text)}`, () => assert.deepEqual(formulas(text), expected))

  test('is not a price, a variable of a shell, code, or a bracket that is only a bracket', () => {
    for (const text of [
      '$5 and $6',
      'costs $5-$6 each',
      'I have $5, she has 10$.',
      'US$5 and 3$ more',
      '$HOME and $PATH',
      '$HOME/$PATH',
      '`$x$` and `\\(y\\)`',
      '```\n$x$\n$$y$$\n```',
      'see \\[1\\] \\[2, 3\\] \\(see below\\)',
      '$$ is the PID',
      '\\$x\\$',
      'a$b$c',
      '$ x $',
    ])
      assert.deepEqual(formulas(text), [], text)
  })

  test('that is not closed yet is one as long as it may be', () => {
    assert.deepEqual(formulas('$$\nx = 1\n- 2', true), ['!x = 1\n- 2'])
    assert.deepEqual(formulas('$$\nx\n\nmore', true), [])
    assert.deepEqual(formulas('$$\nx = 1', false), [])
  })

  test('is in the end the same, however its text came', () => {
    const text =
      'One $x$.\n\n$$\na\n=\nb\n$$\n\n- c $d*e*f$\n\n\\[\ny\n\\]\ntwo \\(z\\)\n\n| $a$ | b |\n|---|---|\n| $c$ | 5$ |\n'
    for (const size of [1, 2, 5, 11]) {
      const reader = new BlockReader()
      for (let end = size; end < text.length; end += size) {
        const before = reader.read(text.slice(0, end), false).slice(0, -1)
        // What is frozen is what the text so far has there.
        const now = lex(text.slice(0, end), true)
        assert.deepEqual(
          before.map(({ token }) => token.raw),
          now.slice(0, before.length).map(({ raw }) => raw),
        )
      }
      assert.deepEqual(
        reader.read(text, true).map(({ token }) => token),
        [...lex(text, false)],
      )
    }
  })

  test('does not make reading slow, whatever the text', () => {
    for (const piece of ['$', '$$', '\\(', '\\[', '$x', '$$\n', '\\[\n', '\\', '$a ', '*$', '$\\']) {
      const began = performance.now()
      lex(piece.repeat(4_000), true)
      assert.ok(performance.now() - began < 4_000, piece)
    }
  })

  test('stands where it stood: the pieces put together are the text', () => {
    const letters = fc.constantFrom('$', '$$', '\\(', '\\)', '\\[', '\\]', 'x', '2', ' ', '\n', '\n\n', '\\', '*', '`')
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        const raw = lex(text, false)
          .map((token) => token.raw)
          .join('')
        assert.equal(raw.trim().replace(/\s+/g, ' '), text.trim().replace(/\s+/g, ' '))
      }),
    )
  })
})

/** Everything that a formula is made of. */
function parts(piece: Typeset | undefined): readonly Exclude<Typeset, string>[] {
  return piece === undefined || typeof piece === 'string' ? [] : [piece, ...piece.children.flatMap(parts)]
}

const textOf = (piece: Typeset | undefined): string =>
  piece === undefined ? '' : typeof piece === 'string' ? piece : piece.children.map(textOf).join('')

describe('what a formula is set as', () => {
  test('is MathML that says what the TeX says', () => {
    const set = typeset(String.raw`\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}`, true)
    const names = parts(set).map(({ name }) => name)
    for (const name of ['math', 'mfrac', 'msqrt', 'msup', 'mo', 'mn']) assert.ok(names.includes(name), name)
    assert.match(
      textOf(set)
        .normalize('NFKC')
        .replace(/[\s\u2061-\u2064]/g, ''),
      /^[−-]b±b2[−-]4ac2a$/,
    )
  })

  test('covers what models write', () => {
    for (const tex of [
      String.raw`\begin{pmatrix} a & b \\ c & d \end{pmatrix}`,
      String.raw`\begin{aligned} a &= b \\ &= c \end{aligned}`,
      String.raw`\begin{cases} 1 & \text{if } x \\ 0 & \text{otherwise} \end{cases}`,
      String.raw`\sum_{i=1}^{n} \int_0^\infty e^{-x^2}\,dx = \boxed{\frac{\sqrt{\pi}}{2}}`,
      String.raw`\mathbb{R}^n \to \mathcal{L}, \quad \hat{x} \cdot \vec{v} \le \lVert x \rVert`,
      String.raw`\underbrace{a+b}_{c} \xrightarrow{f} \cancel{d} \color{red}{e}`,
    ])
      assert.ok(parts(typeset(tex, true)).length > 5, tex)
  })

  test('is nothing when the TeX is wrong or asks for too much', () => {
    for (const tex of [
      String.raw`\frac{a`,
      String.raw`\nosuchcommand`,
      String.raw`\def\a{\a\a}\a`,
      String.raw`\sqrt{`.repeat(150) + 'x' + '}'.repeat(150),
      'x'.repeat(5_000),
    ])
      assert.equal(typeset(tex, true), undefined, tex.slice(0, 40))
  })

  test('never has an address, an id, a script or a name that was not expected in it', () => {
    const tricks = [
      String.raw`\href{javascript:alert(1)}{x}`,
      String.raw`\url{javascript:alert(1)}`,
      String.raw`\includegraphics{https://evil.example/x.png}`,
      String.raw`\class{app}{x}`,
      String.raw`\id{root}{x}`,
      String.raw`\style{position:fixed}{x}`,
      String.raw`\data{x=y}{x}`,
      String.raw`\label{root} x \ref{root}`,
      String.raw`\color{url(https://evil.example)}{x}`,
      String.raw`\begin{align} x \label{root} \end{align}`,
      String.raw`\text{<img src=x onerror=alert(1)>}`,
    ]
    let set = 0
    for (const tex of [...tricks, ...payloads.flatMap(({ payload }) => [payload, String.raw`\text{${payload}}`])]) {
      for (const part of parts(typeset(tex, false))) {
        set++
        assert.match(part.name, /^(?:m[a-z]+|none|span)$/)
        for (const name of Object.keys(part.attributes))
          assert.doesNotMatch(name, /^(?:on|href|src|id|xlink|action|style|class)/i)
        assert.doesNotMatch(JSON.stringify([part.attributes, part.style]), /url|script|:\/\//i)
      }
    }
    assert.ok(set > 1_000)
  })
})

import type { Token, TokenizerExtension } from 'marked'

/** A formula in a text. */
export interface FormulaToken {
  readonly type: 'formula'
  readonly raw: string
  /** Its TeX, without the marks around it. */
  readonly text: string
  /** In a line of its own. */
  readonly isDisplay: boolean
  /** Its end has not come yet. */
  readonly isOpen: boolean
}

/** Whether a token is a formula. */
export function isFormula(token: Token): boolean {
  return token.type === 'formula'
}

/** Reads a token of the lexer below as the formula that it is. */
export function formulaOf(token: Token): FormulaToken {
  const { text, isDisplay, isOpen }: Readonly<Record<string, unknown>> = { ...token }
  return { type: 'formula', raw: token.raw, text: String(text), isDisplay: isDisplay === true, isOpen: isOpen === true }
}

/** The least that a text with a formula has in it. */
export const MAY_HAVE_FORMULAS: RegExp = /\$|\\[([]/

// What may stand between the marks. The pieces exclude each other and their number is bounded, so that no
// text makes these slow.
const DOLLARS = /\$\$((?:\\[^]|[^\\$]){1,4000}?)\$\$/y
const BRACKETS = /\\\[((?:\\[^\]]|[^\\]){1,4000}?)\\\]/y
const PARENTHESES = /\\\(((?:\\[^)]|[^\\]){1,2000}?)\\\)/y
/** As pandoc has it: no space after the first dollar, none before the second, no number after it; and no word but `$n$th`. */
const DOLLAR = /\$(?![\s$])((?:\\[^]|[^\\$`]){0,2000}?(?:\\[^]|[^\\$`\s]))\$(?!(?!(?:th|st|nd|rd)\b)[\w$])/y

/** What stands in lines of its own, and has no empty line in it. */
const BLOCK = / {0,3}(?:\$\$((?:\\[^]|[^\\$]){1,4000}?)\$\$|\\\[((?:\\[^\]]|[^\\]){1,4000}?)\\\])[ \t]*(?:\n+|$)/y
const OPEN_BLOCK = / {0,3}(?:\$\$((?:\\[^]|[^\\$]){0,4000})\$?|\\\[((?:\\[^\]]|[^\\]){0,4000}))\\?$/y

const EMPTY_LINE = /\n[ \t]*\n/
const OF_TEX = /[\\^_={}]/

/** Formulas in a line: `$…$`, `\(…\)`, and `$$…$$` and `\[…\]` in the midst of a text. */
export const inlineFormula: TokenizerExtension = {
  name: 'formula',
  level: 'inline',
  start(source) {
    const at = source.search(MAY_HAVE_FORMULAS)
    return at === -1 ? undefined : at
  },
  tokenizer(source, tokens) {
    return formulaAt(source, 0, tokens.at(-1)?.raw.at(-1) ?? '')
  },
}

/** Formulas in lines of their own. `mayBeOpen`: one whose end is missing may still get it. */
export function blockFormula(mayBeOpen: boolean): TokenizerExtension {
  return {
    name: 'formula',
    level: 'block',
    start(source) {
      const at = source.search(/\n {0,3}(?:\$\$|\\\[)/)
      // A paragraph ends only before a formula that is whole: the rest of it is not known yet.
      return at !== -1 && closedBlock(source.slice(at + 1)) !== undefined ? at + 1 : undefined
    },
    tokenizer: (source) => closedBlock(source) ?? (mayBeOpen ? openBlock(source) : undefined),
  }
}

/** Formulas as letters of the same number: what looks like emphasis in them is none. */
export function withoutFormulas(source: string): string {
  if (!MAY_HAVE_FORMULAS.test(source)) return source
  let plain = ''
  let from = 0
  for (let at = 0; at < source.length; at++) {
    const code = source.charCodeAt(at)
    if (code !== 36 && code !== 92) continue
    const found = formulaAt(source, at, source[at - 1] ?? '')
    if (found === undefined) {
      if (code === 92) at++
      continue
    }
    plain += source.slice(from, at) + 'a'.repeat(found.raw.length)
    from = at + found.raw.length
    at = from - 1
  }
  return plain + source.slice(from)
}

function formulaAt(source: string, at: number, before: string): FormulaToken | undefined {
  const display = matchAt(DOLLARS, source, at) ?? matchAt(BRACKETS, source, at)
  if (display !== undefined) return isMeant(display.text) ? { ...display, isDisplay: true } : undefined
  const parenthesised = matchAt(PARENTHESES, source, at)
  if (parenthesised !== undefined) return isMeant(parenthesised.text) ? parenthesised : undefined
  // `US$5` and `a$b$` are no formulas.
  const dollars = /[\w$\\]/.test(before) ? undefined : matchAt(DOLLAR, source, at)
  return dollars === undefined || isProse(dollars.text) ? undefined : dollars
}

function matchAt(pattern: RegExp, source: string, at: number): FormulaToken | undefined {
  pattern.lastIndex = at
  const match = pattern.exec(source)
  const text = match?.[1] ?? match?.[2]
  if (match === null || text === undefined || text.trim() === '' || EMPTY_LINE.test(text)) return undefined
  return { type: 'formula', raw: match[0], text: text.trim(), isDisplay: false, isOpen: false }
}

function closedBlock(source: string): FormulaToken | undefined {
  const found = matchAt(BLOCK, source, 0)
  return found === undefined || !isMeant(found.text) ? undefined : { ...found, isDisplay: true }
}

function openBlock(source: string): FormulaToken | undefined {
  OPEN_BLOCK.lastIndex = 0
  const match = OPEN_BLOCK.exec(source)
  const text = match?.[1] ?? match?.[2]
  if (match === null || text === undefined || EMPTY_LINE.test(text)) return undefined
  return { type: 'formula', raw: match[0], text: text.trim(), isDisplay: true, isOpen: true }
}

/** `\[1\]` and `\(see below\)` are brackets that Markdown is told to leave alone. */
function isMeant(text: string): boolean {
  return OF_TEX.test(text) || !(/\p{L}{2}/u.test(text) || /^[\d,\s]+$/.test(text))
}

/** What stands between the signs of two prices. */
function isProse(text: string): boolean {
  return !OF_TEX.test(text) && /\s\p{L}{2}|\p{L}{2}\s/u.test(text)
}

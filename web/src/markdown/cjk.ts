import type { TokenizerExtension, Tokens } from 'marked'

const LETTER = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u
const PUNCTUATION = /\p{P}/u
const STRONG = /^\*\*(?![\s*])((?:\\[^]|[^\\*\n]){1,1000})(?<![\s*])\*\*(?!\*)/

/** Whether a text has letters of Chinese, Japanese or Korean in it. */
export function isCjk(text: string): boolean {
  return LETTER.test(text)
}

/**
 * Strong text that touches a sign and a letter: `**标题：**内容`. CommonMark takes a space for the sign that a word
 * begins or ends there, and these scripts write none: models' emphasis would stay as stars.
 */
export const strongCjk: TokenizerExtension = {
  name: 'strong',
  level: 'inline',
  start(source) {
    const at = source.indexOf('**')
    return at === -1 ? undefined : at
  },
  tokenizer(source, tokens): Tokens.Strong | undefined {
    const match = STRONG.exec(source)
    const text = match?.[1]
    if (match === null || text === undefined) return undefined
    const [raw] = match
    const before = tokens.at(-1)?.raw.at(-1) ?? ''
    const isClosing = PUNCTUATION.test(text.at(-1) ?? '') && LETTER.test(source.slice(raw.length, raw.length + 2))
    const isOpening = PUNCTUATION.test(text[0] ?? '') && LETTER.test(before)
    if (!isClosing && !isOpening) return undefined
    return { type: 'strong', raw, text, tokens: this.lexer.inlineTokens(text) }
  },
}

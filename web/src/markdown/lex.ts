import { Lexer, Marked, type MarkedOptions, type TokensList } from 'marked'
import { isCjk, strongCjk } from './cjk.ts'
import { blockFormula, inlineFormula, MAY_HAVE_FORMULAS, withoutFormulas } from './formulas.ts'

const WHOLE = extended(false)
const GROWING = extended(true)

/**
 * The blocks of a Markdown text, formulas among them.
 *
 * @param links Targets of reference links that came before this text.
 * @param isGrowing What is not closed at its end may still be.
 */
export function lex(source: string, isGrowing: boolean, links?: TokensList['links']): TokensList {
  // Most texts need neither, and are read faster without.
  const isPlain = !MAY_HAVE_FORMULAS.test(source) && !(source.includes('**') && isCjk(source))
  const lexer = isPlain ? new Lexer() : new Lexer(isGrowing ? GROWING : WHOLE)
  if (links !== undefined) Object.assign(lexer.tokens.links, links)
  return lexer.lex(source)
}

function extended(isGrowing: boolean): MarkedOptions {
  return new Marked({
    extensions: [blockFormula(isGrowing), inlineFormula, strongCjk],
    hooks: { emStrongMask: withoutFormulas },
  }).defaults
}

import type { MarkedToken, Token } from 'marked'

const TYPES: ReadonlySet<string> = new Set([
  'blockquote',
  'br',
  'checkbox',
  'code',
  'codespan',
  'def',
  'del',
  'em',
  'escape',
  'heading',
  'hr',
  'html',
  'image',
  'link',
  'list',
  'list_item',
  'paragraph',
  'space',
  'strong',
  'table',
  'text',
] satisfies readonly MarkedToken['type'][])

/** Whether a token is one of marked's own; extensions, of which there are none here, make others. */
export function isMarked(token: Token): token is MarkedToken {
  return TYPES.has(token.type)
}

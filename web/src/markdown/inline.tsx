import type { Token, Tokens } from 'marked'
import type { ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { decodeEntities } from './entities.ts'
import { Formula } from './formula.tsx'
import { formulaOf, isFormula } from './formulas.ts'
import { isMarked } from './known.ts'
import { safeHref } from './links.ts'

/** What stands in a line. Every string becomes a text node; there is no way from here to markup. */
export function Inline({ tokens }: { readonly tokens: readonly Token[] | undefined }): ReactNode {
  return tokens?.map((token, at) => <Piece key={at} token={token} />)
}

function Piece({ token }: { readonly token: Token }): ReactNode {
  if (isFormula(token)) return <Formula {...propsOf(token)} />
  if (!isMarked(token)) return token.raw
  switch (token.type) {
    case 'text':
    case 'escape':
      return 'tokens' in token && token.tokens !== undefined ? (
        <Inline tokens={token.tokens} />
      ) : (
        decodeEntities(token.text)
      )
    case 'strong':
      return (
        <strong>
          <Inline tokens={token.tokens} />
        </strong>
      )
    case 'em':
      return (
        <em>
          <Inline tokens={token.tokens} />
        </em>
      )
    case 'del':
      return (
        <del>
          <Inline tokens={token.tokens} />
        </del>
      )
    case 'codespan':
      return <code>{token.text}</code>
    case 'br':
      return <br />
    case 'link':
      return <Link href={token.href}>{<Inline tokens={token.tokens} />}</Link>
    case 'image':
      return <Image token={token} />
    case 'checkbox':
      return null
    case 'html':
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw
    default:
      return token.raw
  }
}

/** What a formula's component needs of its token. */
export function propsOf(token: Token): { readonly tex: string; readonly isDisplay: boolean; readonly raw: string } {
  const { text: tex, isDisplay, raw } = formulaOf(token)
  return { tex, isDisplay, raw }
}

function Link({ href, children }: { readonly href: string; readonly children: ReactNode }): ReactNode {
  const safe = safeHref(href)
  if (safe === undefined) return <span>{children}</span>
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer nofollow" title={safe}>
      {children}
    </a>
  )
}

/** An image would tell its server that and when somebody reads this: it is named, and fetched by nobody. */
function Image({ token }: { readonly token: Tokens.Image }): ReactNode {
  const texts = useTexts()
  return <Link href={token.href}>{texts.imageHidden(decodeEntities(token.text))}</Link>
}

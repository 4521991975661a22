import type { Token, Tokens } from 'marked'
import { memo, useState, type ReactNode } from 'react'
import { BlockReader, type Block } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { Inline } from './inline.tsx'

/** A Markdown text that may still grow, as elements. Blocks that are finished are not rendered again. */
export function Markdown({ text, isWhole }: { readonly text: string; readonly isWhole: boolean }): ReactNode {
  const [reader] = useState(() => new BlockReader())
  return (
    <div className="markdown" dir="auto">
      {reader.read(text, isWhole).map((block) => (
        <BlockView key={block.key} block={block} />
      ))}
    </div>
  )
}

const BlockView = memo(function BlockView({ block }: { readonly block: Block }): ReactNode {
  return <Part token={block.token} isOpen={block.isOpen} />
})

function Parts({ tokens }: { readonly tokens: readonly Token[] }): ReactNode {
  return tokens.map((token, at) => <Part key={at} token={token} isOpen={false} />)
}

function Part({ token, isOpen }: { readonly token: Token; readonly isOpen: boolean }): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return null
    case 'heading':
      return <Heading token={token as Tokens.Heading} />
    case 'paragraph':
      return (
        <p dir="auto">
          <Inline tokens={token.tokens} />
        </p>
      )
    case 'text':
      return token.tokens === undefined ? token.text : <Inline tokens={token.tokens} />
    case 'code':
      return <CodeBlock code={token.text} language={token.lang ?? ''} isOpen={isOpen && !isClosed(token.raw)} />
    case 'blockquote':
      return (
        <blockquote>
          <Parts tokens={token.tokens ?? []} />
        </blockquote>
      )
    case 'list':
      return <List token={token as Tokens.List} />
    case 'table':
      return <Table token={token as Tokens.Table} />
    case 'hr':
      return <hr />
    // Markup in an answer is shown, not obeyed.
    default:
      return <p className="whitespace-pre-wrap">{token.raw}</p>
  }
}

function isClosed(raw: string): boolean {
  return !/^ {0,3}[`~]{3}/.test(raw) || /\n {0,3}(?:`{3,}|~{3,})[ \t]*\n*$/.test(raw)
}

const HEADINGS = ['h2', 'h3', 'h4', 'h5', 'h6', 'h6'] as const

/** The page has the first level for itself. */
function Heading({ token }: { readonly token: Tokens.Heading }): ReactNode {
  const Tag = HEADINGS[token.depth - 1] ?? 'h6'
  return (
    <Tag dir="auto">
      <Inline tokens={token.tokens} />
    </Tag>
  )
}

function List({ token }: { readonly token: Tokens.List }): ReactNode {
  const items = token.items.map((item, at) => (
    <li key={at} dir="auto" className={item.task ? 'task' : undefined}>
      {item.task && <input type="checkbox" checked={item.checked === true} disabled aria-label={item.text} />}
      <Parts tokens={item.tokens} />
    </li>
  ))
  if (!token.ordered) return <ul>{items}</ul>
  return <ol start={typeof token.start === 'number' ? token.start : undefined}>{items}</ol>
}

function Table({ token }: { readonly token: Tokens.Table }): ReactNode {
  const cell = (Tag: 'th' | 'td') => (item: Tokens.TableCell, at: number) => (
    <Tag key={at} dir="auto" data-align={item.align ?? undefined}>
      <Inline tokens={item.tokens} />
    </Tag>
  )
  return (
    <div className="table" role="region" tabIndex={0} aria-label={token.header.map(({ text }) => text).join(', ')}>
      <table>
        <thead>
          <tr>{token.header.map(cell('th'))}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, at) => (
            <tr key={at}>{row.map(cell('td'))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

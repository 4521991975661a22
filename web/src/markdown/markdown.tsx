import type { Token, Tokens } from 'marked'
import { memo, useState, type ReactNode } from 'react'
import { BlockReader, grouped, type Block } from './blocks.ts'
import { CodeBlock } from './code-block.tsx'
import { Formula } from './formula.tsx'
import { formulaOf, isFormula } from './formulas.ts'
import { Inline, propsOf } from './inline.tsx'
import { isMarked } from './known.ts'

/** A Markdown text that may still grow, as elements. Blocks that are finished are not rendered again. */
export function Markdown({ text, isWhole }: { readonly text: string; readonly isWhole: boolean }): ReactNode {
  const [reader] = useState(createReader)
  return (
    <div className="markdown">
      {reader(text, isWhole).map((group, at) => (
        <Group key={at} blocks={group} />
      ))}
    </div>
  )
}

function createReader(): (text: string, isWhole: boolean) => readonly (readonly Block[])[] {
  const blocks = new BlockReader()
  let groups: readonly (readonly Block[])[] = []
  return (text, isWhole) => (groups = grouped(blocks.read(text, isWhole), groups))
}

const Group = memo(function Group({ blocks }: { readonly blocks: readonly Block[] }): ReactNode {
  return blocks.map((block) => <BlockView key={block.key} block={block} />)
})

const BlockView = memo(function BlockView({ block }: { readonly block: Block }): ReactNode {
  return <Part token={block.token} isOpen={block.isOpen} dir="auto" />
})

function Parts({ tokens }: { readonly tokens: readonly Token[] }): ReactNode {
  return tokens.map((token, at) => <Part key={at} token={token} isOpen={false} dir={undefined} />)
}

/** A block finds its direction by its own first letter; what is within it follows. */
type Dir = 'auto' | undefined

function Part(props: { readonly token: Token; readonly isOpen: boolean; readonly dir: Dir }): ReactNode {
  const { token, isOpen, dir } = props
  if (isFormula(token)) return <FormulaBlock token={token} />
  if (!isMarked(token)) return token.raw
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return null
    case 'heading':
      return <Heading token={token} dir={dir} />
    case 'paragraph':
      return (
        <p dir={dir}>
          <Inline tokens={token.tokens} />
        </p>
      )
    case 'text':
      return token.tokens === undefined ? token.text : <Inline tokens={token.tokens} />
    case 'code':
      return <CodeBlock code={token.text} language={token.lang ?? ''} isOpen={isOpen && !isClosed(token.raw)} />
    case 'blockquote':
      return (
        <blockquote dir={dir}>
          <Parts tokens={token.tokens ?? []} />
        </blockquote>
      )
    case 'list':
      return <List token={token} dir={dir} />
    case 'table':
      return <Table token={token} dir={dir} />
    case 'hr':
      return <hr />
    // Markup in an answer is shown, not obeyed.
    default:
      return (
        <p className="whitespace-pre-wrap" dir={dir}>
          {token.raw}
        </p>
      )
  }
}

/** TeX that is not whole yet is shown as it is: half of it is seldom right. */
function FormulaBlock({ token }: { readonly token: Token }): ReactNode {
  const { isOpen, text } = formulaOf(token)
  if (isOpen) return <pre className="tex">{text}</pre>
  return (
    <p>
      <Formula {...propsOf(token)} />
    </p>
  )
}

function isClosed(raw: string): boolean {
  return !/^ {0,3}[`~]{3}/.test(raw) || /\n {0,3}(?:`{3,}|~{3,})[ \t]*\n*$/.test(raw)
}

const HEADINGS = ['h3', 'h3', 'h4', 'h5', 'h6', 'h6'] as const

/** The first level is the conversation's, the second the answer's own. Many models begin with their second. */
function Heading({ token, dir }: { readonly token: Tokens.Heading; readonly dir: Dir }): ReactNode {
  const Tag = HEADINGS[token.depth - 1] ?? 'h6'
  return (
    <Tag dir={dir} data-depth={token.depth}>
      <Inline tokens={token.tokens} />
    </Tag>
  )
}

function List({ token, dir }: { readonly token: Tokens.List; readonly dir: Dir }): ReactNode {
  const items = token.items.map((item, at) => (
    <li key={at} className={item.task ? 'task' : undefined}>
      {item.task && <input type="checkbox" checked={item.checked === true} disabled aria-label={item.text} />}
      <Parts tokens={item.tokens} />
    </li>
  ))
  if (!token.ordered) return <ul dir={dir}>{items}</ul>
  return (
    <ol dir={dir} start={typeof token.start === 'number' ? token.start : undefined}>
      {items}
    </ol>
  )
}

function Table({ token, dir }: { readonly token: Tokens.Table; readonly dir: Dir }): ReactNode {
  const cell = (Tag: 'th' | 'td') => (item: Tokens.TableCell, at: number) => (
    <Tag key={at} data-align={item.align ?? undefined}>
      <Inline tokens={item.tokens} />
    </Tag>
  )
  return (
    <div
      className="table-box"
      dir={dir}
      role="region"
      tabIndex={0}
      aria-label={token.header.map(({ text }) => text).join(', ')}
    >
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

import { memo, useEffect, useState, type NamedExoticComponent, type ReactNode } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import type { Painted } from './highlight.ts'

/** Longer code stays plain: colouring it would hold up the page. */
const LONGEST = 20_000

interface CodeBlockProps {
  readonly code: string
  readonly language: string
  readonly isOpen: boolean
}

/** A fence, with its language and a button to copy it. Coloured when it is complete. */
export const CodeBlock: NamedExoticComponent<CodeBlockProps> = memo(function CodeBlock(
  props: CodeBlockProps,
): ReactNode {
  const { code, isOpen } = props
  const language = props.language.trim().split(/\s/, 1)[0] ?? ''
  const painted = usePainted(code, language, isOpen)
  return (
    <figure className="code" dir="ltr">
      <figcaption>
        <span>{language}</span>
        <CopyButton text={code} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{painted === undefined ? code : painted.map(toNode)}</code>
      </pre>
    </figure>
  )
})

function usePainted(code: string, language: string, isOpen: boolean): readonly Painted[] | undefined {
  const [done, setDone] = useState<{ readonly code: string; readonly painted: readonly Painted[] }>()
  const isWanted = !isOpen && language !== '' && code.length <= LONGEST
  useEffect(() => {
    if (!isWanted) return
    let isCurrent = true
    // The colours are an extra: without them the code is still there.
    import('./highlight.ts').then(
      ({ paint }) => {
        // In a task of its own: the frame that shows the code has enough to do.
        setTimeout(() => {
          const painted = isCurrent ? paint(code, language) : undefined
          if (painted !== undefined) setDone({ code, painted })
        })
      },
      () => undefined,
    )
    return () => {
      isCurrent = false
    }
  }, [code, language, isWanted])
  return done?.code === code ? done.painted : undefined
}

function toNode(painted: Painted, at: number): ReactNode {
  if (typeof painted === 'string') return painted
  return (
    <span key={at} className={painted.scope}>
      {painted.children.map(toNode)}
    </span>
  )
}

import { createElement, memo, useEffect, useMemo, useState, type NamedExoticComponent, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import type { Typeset, typeset } from './typeset.ts'

type Typesetter = typeof typeset

/** The typesetter is large and most answers have no formula: it is fetched for the first one. */
let loaded: Typesetter | undefined

interface FormulaProps {
  readonly tex: string
  readonly isDisplay: boolean
  /** What it looks like in the text, for when it cannot be set. */
  readonly raw: string
}

/** A formula as MathML; what was written, until that can be made of it. */
export const Formula: NamedExoticComponent<FormulaProps> = memo(function Formula(props: FormulaProps): ReactNode {
  const { tex, isDisplay, raw } = props
  const texts = useTexts()
  const typesetter = useTypesetter()
  const set = useMemo(() => typesetter?.(tex, isDisplay), [typesetter, tex, isDisplay])
  if (set === undefined) return <code dir="ltr">{typesetter === undefined ? tex : raw.trim()}</code>
  if (!isDisplay) return <span className="formula">{toNode(set, 0)}</span>
  // Wider than the page, it is scrolled, with the keyboard too.
  return (
    <span className="formula display" tabIndex={0} role="group" aria-label={texts.formula}>
      {toNode(set, 0)}
    </span>
  )
})

function useTypesetter(): Typesetter | undefined {
  const [typesetter, setTypesetter] = useState(() => loaded)
  useEffect(() => {
    if (typesetter !== undefined) return
    let isCurrent = true
    // Without it the TeX is still there.
    Promise.all([import('./typeset.ts'), import('temml/dist/Temml-Local.css')]).then(
      ([{ typeset }]) => {
        loaded = typeset
        if (isCurrent) setTypesetter(() => typeset)
      },
      () => undefined,
    )
    return () => {
      isCurrent = false
    }
  }, [typesetter])
  return typesetter
}

function toNode(piece: Typeset, key: number): ReactNode {
  if (typeof piece === 'string') return piece
  const { name, attributes, style, className, children } = piece
  const props = { key, ...attributes, style, className: className === '' ? undefined : className }
  return createElement(name, props, ...children.map(toNode))
}

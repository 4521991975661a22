import { useEffect, useState, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { IconButton } from './icon-button.tsx'

/** Copies a text, and says that it did. */
export function CopyButton({ text }: { readonly text: string }): ReactNode {
  const texts = useTexts()
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setCopied(false), 1_500)
    return () => clearTimeout(timer)
  }, [isCopied])
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    )
  }
  return <IconButton icon={isCopied ? 'check' : 'copy'} label={isCopied ? texts.copied : texts.copy} onClick={copy} />
}

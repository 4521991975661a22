import type { ReactNode } from 'react'
import type { Chat } from '../../../src/chat/index.ts'
import { useTexts } from '../preferences.tsx'
import { IconButton } from './icon-button.tsx'

/** The ways between versions of a message, where there are several. */
export function Branches({ chat, id }: { readonly chat: Chat; readonly id: string }): ReactNode {
  const texts = useTexts()
  const all = chat.alternatives(id)
  if (all.length < 2) return null
  const at = all.indexOf(id)
  const go = (step: number): void => {
    const next = all[at + step]
    if (next !== undefined) chat.choose(next)
  }
  return (
    <span className="flex items-center text-xs text-quiet tabular-nums">
      <IconButton icon="left" label={texts.previousBranch} disabled={at === 0} onClick={() => go(-1)} />
      <span role="status" aria-label={texts.branch(at + 1, all.length)}>
        {at + 1}/{all.length}
      </span>
      <IconButton icon="right" label={texts.nextBranch} disabled={at === all.length - 1} onClick={() => go(1)} />
    </span>
  )
}

import { useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import type { Chat } from '../../src/chat/index.ts'
import type { Model } from '../../src/client/index.ts'
import { rememberModel } from './conversations.ts'
import { Icon } from './icons.tsx'
import { useTexts } from './preferences.tsx'

/** So many are listed at once; the rest is found by typing. */
const MOST = 100

/** The model of the conversation: one of the gateway's, or any name that is typed. */
export function ModelPicker(props: {
  readonly chat: Chat
  readonly model: string
  readonly models: readonly Model[] | 'failed' | undefined
}): ReactNode {
  const { chat, model, models } = props
  const texts = useTexts()
  const popover = useRef<HTMLDivElement>(null)
  const [isOpen, setOpen] = useState(false)
  const choose = (id: string): void => {
    chat.configure({ model: id })
    rememberModel(id)
    popover.current?.hidePopover()
  }
  return (
    <>
      <button type="button" popoverTarget="models" className="model-button" aria-label={`${texts.model}: ${model}`}>
        <span className="truncate">{model}</span>
        <Icon name="down" size={14} />
      </button>
      <div
        id="models"
        ref={popover}
        popover="auto"
        className="popover"
        onToggle={(event) => setOpen(event.newState === 'open')}
        onKeyDown={moveFocus}
      >
        {isOpen && <Choice model={model} models={models} onChoose={choose} />}
      </div>
    </>
  )
}

function Choice(props: {
  readonly model: string
  readonly models: readonly Model[] | 'failed' | undefined
  readonly onChoose: (id: string) => void
}): ReactNode {
  const { model, models, onChoose } = props
  const texts = useTexts()
  const [query, setQuery] = useState('')
  const known = Array.isArray(models) ? models : []
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = known
    .filter(({ id, owned_by }) => words.every((word) => `${id} ${owned_by}`.toLowerCase().includes(word)))
    .slice(0, MOST)
  const typed = query.trim()
  return (
    <>
      <input
        autoFocus
        value={query}
        placeholder={texts.findModel}
        aria-label={texts.findModel}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && typed !== '') onChoose(found[0]?.id ?? typed)
        }}
      />
      {models === 'failed' && <p className="px-3 py-2 text-sm text-quiet">{texts.noModels}</p>}
      <ul aria-label={texts.model}>
        {found.map(({ id, owned_by }) => (
          <li key={id}>
            <button type="button" aria-pressed={id === model} onClick={() => onChoose(id)}>
              <span className="min-w-0 flex-1 truncate">{id}</span>
              <span className="text-xs text-quiet">{owned_by}</span>
              {id === model && <Icon name="check" size={14} />}
            </button>
          </li>
        ))}
        {typed !== '' && !known.some(({ id }) => id === typed) && (
          <li>
            <button type="button" onClick={() => onChoose(typed)}>
              {texts.useModel(typed)}
            </button>
          </li>
        )}
      </ul>
    </>
  )
}

/** Arrows go through the list, as people expect of one. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('input, li button')]
  const at = all.findIndex((element) => element === document.activeElement)
  const next = all[(at + (event.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]
  event.preventDefault()
  next?.focus()
}

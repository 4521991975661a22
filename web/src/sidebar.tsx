import { useEffect, useState, type ReactNode } from 'react'
import type { ListedChat } from '../../src/chat/index.ts'
import { chats, useChatList } from './conversations.ts'
import { Icon } from './icons.tsx'
import { Dialog } from './parts/dialog.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'
import { currentSession, signOut } from './session.ts'

/** All conversations, newest first, with a search over everything that was said. */
export function Sidebar(props: {
  readonly current: string
  readonly isOpen: boolean
  readonly onGo: (id?: string) => void
  readonly onClose: () => void
}): ReactNode {
  const { current, isOpen, onGo, onClose } = props
  const texts = useTexts()
  const list = useChatList()
  const [query, setQuery] = useState('')
  const shown = useFound(list, query)
  const [removing, setRemoving] = useState<ListedChat>()
  return (
    <>
      {isOpen && <div className="scrim" onClick={onClose} />}
      <nav className="sidebar" data-open={isOpen} aria-label={texts.conversations}>
        <header className="flex items-center gap-2 px-4 pt-4 pb-3">
          <img src="/favicon.svg" alt="" width={22} height={22} />
          <span className="flex-1 font-semibold tracking-tight">Sluice</span>
          <IconButton icon="plus" label={texts.newChat} onClick={() => onGo()} />
        </header>
        <label className="search mx-3">
          <Icon name="search" size={14} />
          <input
            type="search"
            value={query}
            placeholder={texts.search}
            aria-label={texts.search}
            dir="auto"
            onChange={(event) => setQuery(event.target.value)}
          />
        </label>
        <div className="min-h-0 flex-1 overflow-y-auto p-2">
          <ul>
            {shown.map((chat) => (
              <Row key={chat.id} chat={chat} isCurrent={chat.id === current} onGo={onGo} onRemove={setRemoving} />
            ))}
          </ul>
          {shown.length === 0 && (
            <p className="px-2 py-1 text-sm text-quiet">{query === '' ? texts.noChats : texts.noneFound}</p>
          )}
        </div>
        <Account />
      </nav>
      {removing !== undefined && (
        <RemoveDialog
          chat={removing}
          onClose={() => setRemoving(undefined)}
          onRemove={() => {
            void chats.remove(removing.id)
            setRemoving(undefined)
            if (removing.id === current) onGo()
          }}
        />
      )}
    </>
  )
}

/** Whose session this is, and its end; nothing where everybody may call. */
function Account(): ReactNode {
  const texts = useTexts()
  const { keyed, caller, name } = currentSession()
  if (!keyed) return null
  return (
    <footer className="flex items-center gap-2 border-t border-line px-4 py-2 text-sm">
      <span className="min-w-0 flex-1 truncate" dir="auto" title={caller}>
        {name ?? caller}
      </span>
      <IconButton icon="leave" label={texts.signOut} onClick={() => void signOut()} />
    </footer>
  )
}

function Row(props: {
  readonly chat: ListedChat
  readonly isCurrent: boolean
  readonly onGo: (id: string) => void
  readonly onRemove: (chat: ListedChat) => void
}): ReactNode {
  const { chat, isCurrent, onGo, onRemove } = props
  const texts = useTexts()
  return (
    <li className="row" data-current={isCurrent}>
      <button type="button" dir="auto" aria-current={isCurrent ? 'page' : undefined} onClick={() => onGo(chat.id)}>
        {chat.title}
      </button>
      {chat.isBusy && <span className="pulse" role="img" aria-label={texts.thinking} />}
      <IconButton
        icon="trash"
        label={`${texts.remove}: ${chat.title}`}
        className="remove"
        onClick={() => onRemove(chat)}
      />
    </li>
  )
}

function RemoveDialog(props: {
  readonly chat: ListedChat
  readonly onClose: () => void
  readonly onRemove: () => void
}): ReactNode {
  const texts = useTexts()
  return (
    <Dialog title={texts.remove} onClose={props.onClose}>
      <p className="px-5 pb-4 text-quiet">{texts.removeAsk(props.chat.title)}</p>
      <footer className="flex justify-end gap-2 px-5 pb-5">
        <button type="button" className="button" onClick={props.onClose}>
          {texts.cancel}
        </button>
        <button type="button" className="button danger" onClick={props.onRemove}>
          {texts.remove}
        </button>
      </footer>
    </Dialog>
  )
}

function useFound(list: readonly ListedChat[], query: string): readonly ListedChat[] {
  const [found, setFound] = useState<readonly ListedChat[]>([])
  const isSearching = query.trim() !== ''
  useEffect(() => {
    if (!isSearching) return
    let isCurrent = true
    chats.search(query).then(
      (result) => isCurrent && setFound(result),
      () => isCurrent && setFound([]),
    )
    return () => {
      isCurrent = false
    }
  }, [query, isSearching, list])
  return isSearching ? found : list
}

import { lazy, Suspense, useEffect, useEffectEvent, useState, type ReactNode } from 'react'
import { useChat } from '../../src/react/index.ts'
import { Composer } from './composer.tsx'
import { useCurrentChat, useModels, useOnline } from './conversations.ts'
import { Empty } from './empty.tsx'
import { useTexts } from './preferences.tsx'
import { Sidebar } from './sidebar.tsx'
import { SimulatorBanner } from './simulator-banner.tsx'
import { Thread } from './thread.tsx'
import { TopBar } from './top-bar.tsx'

const Palette = lazy(async () => ({ default: (await import('./palette.tsx')).Palette }))
const SettingsDialog = lazy(async () => ({ default: (await import('./settings-dialog.tsx')).SettingsDialog }))

/** The page: conversations at the side, one of them in the middle. */
export function App(): ReactNode {
  const [current, go] = useCurrentChat()
  const { chat, messages, status, queue, settings, title } = useChat({ chat: current })
  const models = useModels()
  const [isMenuOpen, setMenuOpen] = useState(false)
  const [opened, setOpened] = useState<'palette' | 'settings'>()
  useEffect(() => {
    document.title = title === '' ? 'Sluice' : `${title} · Sluice`
  }, [title])
  useKeys({ onPalette: () => setOpened('palette'), onStop: () => chat.stop(), isDialogOpen: opened !== undefined })
  const goTo = (id?: string): void => {
    setMenuOpen(false)
    setOpened(undefined)
    go(id)
  }
  return (
    <div className="app">
      <Sidebar current={chat.id} isOpen={isMenuOpen} onGo={goTo} onClose={() => setMenuOpen(false)} />
      <main className="flex min-w-0 flex-1 flex-col">
        <TopBar
          chat={chat}
          settings={settings}
          models={models}
          hasMessages={messages.length > 0}
          onMenu={() => setMenuOpen(true)}
          onSettings={() => setOpened('settings')}
        />
        <SimulatorBanner models={models} />
        <Offline />
        {messages.length === 0 && status !== 'loading' ? (
          <Empty onAsk={(text) => void chat.send(text)} />
        ) : (
          <>
            <h1 className="sr-only">{title}</h1>
            <Thread key={chat.id} chat={chat} messages={messages} />
          </>
        )}
        <Composer key={`composer ${chat.id}`} chat={chat} isBusy={status === 'busy'} queue={queue} />
      </main>
      <Suspense>
        {opened === 'palette' && (
          <Palette
            chat={chat}
            models={models}
            onGo={goTo}
            onSettings={() => setOpened('settings')}
            onClose={() => setOpened(undefined)}
          />
        )}
        {opened === 'settings' && (
          <SettingsDialog chat={chat} settings={settings} onClose={() => setOpened(undefined)} />
        )}
      </Suspense>
    </div>
  )
}

function Offline(): ReactNode {
  const texts = useTexts()
  if (useOnline()) return null
  return (
    <p role="status" className="border-b border-line px-4 py-1.5 text-center text-sm text-quiet">
      {texts.offline}
    </p>
  )
}

/** Ctrl+K or ⌘K opens the commands; Esc stops the answer, unless something is open that it closes. */
function useKeys(keys: { onPalette: () => void; onStop: () => void; isDialogOpen: boolean }): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      keys.onPalette()
    }
    const isElsewhere = keys.isDialogOpen || document.querySelector('dialog[open], :popover-open') !== null
    if (event.key === 'Escape' && !isElsewhere) keys.onStop()
  })
  useEffect(() => {
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

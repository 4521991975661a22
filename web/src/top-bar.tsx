import type { ReactNode } from 'react'
import type { Chat, ChatSettings } from '../../src/chat/index.ts'
import type { Model } from '../../src/client/index.ts'
import { exportAs } from './export.ts'
import { ModelPicker } from './model-picker.tsx'
import { IconButton } from './parts/icon-button.tsx'
import { useTexts } from './preferences.tsx'

/** Which model answers, and what can be done with the conversation. */
export function TopBar(props: {
  readonly chat: Chat
  readonly settings: ChatSettings
  readonly models: readonly Model[] | 'failed' | undefined
  readonly hasMessages: boolean
  readonly onMenu: () => void
  readonly onSettings: () => void
}): ReactNode {
  const { chat, settings, models, hasMessages, onMenu, onSettings } = props
  const texts = useTexts()
  return (
    <header className="flex items-center gap-1 px-3 py-2.5">
      <IconButton icon="menu" label={texts.menu} className="md:hidden" onClick={onMenu} />
      <ModelPicker chat={chat} model={settings.model} models={models} />
      <span className="flex-1" />
      {hasMessages && (
        <IconButton icon="download" label={texts.exportMarkdown} onClick={() => exportAs('markdown', chat)} />
      )}
      <IconButton icon="sliders" label={texts.settings} onClick={onSettings} />
    </header>
  )
}

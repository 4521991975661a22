import { useState, type ReactNode } from 'react'
import type { Chat } from '../../src/chat/index.ts'
import type { Model } from '../../src/client/index.ts'
import { rememberModel, useChatList } from './conversations.ts'
import { exportAs } from './export.ts'
import { moveFocus } from './model-picker.tsx'
import { Dialog } from './parts/dialog.tsx'
import { usePreferences } from './preferences.tsx'

interface Command {
  readonly key: string
  readonly title: string
  readonly kind: string
  readonly run: () => void
}

const MOST = 12

/** Everything by typing: commands, models, conversations. */
export function Palette(props: {
  readonly chat: Chat
  readonly models: readonly Model[] | 'failed' | undefined
  readonly onGo: (id?: string) => void
  readonly onSettings: () => void
  readonly onClose: () => void
}): ReactNode {
  const { onClose } = props
  const { texts } = usePreferences()
  const commands = useCommands(props)
  const [query, setQuery] = useState('')
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const found = commands
    .filter(({ title, kind }) => words.every((word) => `${title} ${kind}`.toLowerCase().includes(word)))
    .slice(0, MOST)
  const run = (command: Command | undefined): void => {
    if (command === undefined) return
    onClose()
    command.run()
  }
  return (
    <Dialog title={texts.palette} place="top" onClose={onClose}>
      <div className="palette" onKeyDown={moveFocus}>
        <input
          autoFocus
          value={query}
          dir="auto"
          placeholder={texts.paletteHint}
          aria-label={texts.paletteHint}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') run(found[0])
          }}
        />
        <ul aria-label={texts.palette}>
          {found.map((command) => (
            <li key={command.key}>
              <button type="button" onClick={() => run(command)}>
                <span className="min-w-0 flex-1 truncate" dir="auto">
                  {command.title}
                </span>
                <span className="text-xs text-quiet">{command.kind}</span>
              </button>
            </li>
          ))}
        </ul>
        {found.length === 0 && <p className="px-4 pb-4 text-sm text-quiet">{texts.noneFound}</p>}
      </div>
    </Dialog>
  )
}

function useCommands(props: Parameters<typeof Palette>[0]): readonly Command[] {
  const { chat, models, onGo, onSettings } = props
  const { texts, choose } = usePreferences()
  const list = useChatList()
  const command = (key: string, title: string, run: () => void, kind = ''): Command => ({ key, title, kind, run })
  const hasMessages = chat.getSnapshot().messages.length > 0
  return [
    command('new', texts.newChat, () => onGo()),
    ...(hasMessages
      ? [
          command('regenerate', texts.regenerate, () => void chat.regenerate()),
          command('markdown', texts.exportMarkdown, () => exportAs('markdown', chat)),
          command('json', texts.exportJson, () => exportAs('json', chat)),
        ]
      : []),
    // The dialog is still closing when this one opens.
    command('settings', texts.settings, () => setTimeout(onSettings)),
    command('light', texts.themeLight, () => choose({ theme: 'light' }), texts.theme),
    command('dark', texts.themeDark, () => choose({ theme: 'dark' }), texts.theme),
    command('auto', texts.themeAuto, () => choose({ theme: 'auto' }), texts.theme),
    ...(Array.isArray(models) ? models : []).map(({ id }: Model) =>
      command(
        `model ${id}`,
        id,
        () => {
          chat.configure({ model: id })
          rememberModel(id)
        },
        texts.model,
      ),
    ),
    ...list.map(({ id, title }) => command(`chat ${id}`, title, () => onGo(id), texts.conversations)),
  ]
}

import { useState, type ReactNode } from 'react'
import type { Chat, ChatSettings } from '../../src/chat/index.ts'
import { Dialog } from './parts/dialog.tsx'
import { usePreferences, type Theme } from './preferences.tsx'
import { LANGUAGES, OWN_NAMES, type Language } from './texts/languages.ts'

const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

/** How this conversation is answered, and how the page looks in this browser. */
export function SettingsDialog(props: {
  readonly chat: Chat
  readonly settings: ChatSettings
  readonly onClose: () => void
}): ReactNode {
  const { chat, settings, onClose } = props
  const { texts } = usePreferences()
  return (
    <Dialog title={texts.settings} onClose={onClose}>
      <div className="space-y-4 px-5 pb-6">
        <SystemPrompt chat={chat} system={settings.system ?? ''} />
        <div className="grid grid-cols-2 gap-4">
          <NumberField
            label={texts.temperature}
            value={settings.temperature}
            step={0.1}
            max={2}
            onChange={(temperature) => chat.configure({ temperature })}
          />
          <NumberField
            label={texts.maxTokens}
            value={settings.maxTokens}
            step={1}
            onChange={(maxTokens) => chat.configure({ maxTokens })}
          />
        </div>
        <hr className="border-line" />
        <Appearance />
      </div>
    </Dialog>
  )
}

function Appearance(): ReactNode {
  const { texts, theme, language, choose } = usePreferences()
  const themeNames: Readonly<Record<Theme, string>> = {
    auto: texts.themeAuto,
    light: texts.themeLight,
    dark: texts.themeDark,
  }
  return (
    <div className="grid grid-cols-2 gap-4">
      <label className="field">
        <span>{texts.theme}</span>
        <select value={theme} onChange={(event) => choose({ theme: oneOf(THEMES, event.target.value) })}>
          {THEMES.map((each) => (
            <option key={each} value={each}>
              {themeNames[each]}
            </option>
          ))}
        </select>
      </label>
      <label className="field">
        <span>{texts.interfaceLanguage}</span>
        <select
          value={language}
          onChange={(event) => choose({ language: oneOf<Language>(LANGUAGES, event.target.value) })}
        >
          {LANGUAGES.map((each) => (
            <option key={each} value={each} lang={each}>
              {OWN_NAMES[each]}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function SystemPrompt({ chat, system }: { readonly chat: Chat; readonly system: string }): ReactNode {
  const { texts } = usePreferences()
  return (
    <label className="field">
      <span>{texts.system}</span>
      <textarea
        rows={4}
        dir="auto"
        value={system}
        placeholder={texts.systemHint}
        onChange={(event) => chat.configure({ system: event.target.value === '' ? undefined : event.target.value })}
      />
    </label>
  )
}

function NumberField(props: {
  readonly label: string
  readonly value: number | undefined
  readonly step: number
  readonly max?: number
  readonly onChange: (value: number | undefined) => void
}): ReactNode {
  const { texts } = usePreferences()
  const [text, setText] = useState(props.value === undefined ? '' : String(props.value))
  return (
    <label className="field">
      <span>{props.label}</span>
      <input
        type="number"
        min={props.step === 1 ? 1 : 0}
        max={props.max}
        step={props.step}
        value={text}
        placeholder={texts.byDefault}
        onChange={(event) => {
          setText(event.target.value)
          const value = event.target.valueAsNumber
          props.onChange(Number.isFinite(value) && event.target.validity.valid ? value : undefined)
        }}
      />
    </label>
  )
}

function oneOf<T extends string>(allowed: readonly T[], value: string): T {
  const [first] = allowed
  const found = allowed.find((each) => each === value) ?? first
  if (found === undefined) throw new Error('nothing is allowed')
  return found
}

import { useEffect, useState, type ReactNode } from 'react'
import { IconButton } from '../parts/icon-button.tsx'
import { usePreferences, type Theme } from '../preferences.tsx'
import { currentSession, signOut } from '../session.ts'
import { LANGUAGES, OWN_NAMES } from '../texts/languages.ts'
import type { Heard } from './ask.ts'
import { useFormat } from './format.ts'
import { useOperatorTexts } from './texts/use-texts.ts'
import type { Overview } from './wire.ts'

/** An answer that is older than this is said to be, in milliseconds. */
const STALE_MS = 4_000
const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

/** Whether the figures are of now, the way to each section, and how the page looks. */
export function Header({ heard }: { readonly heard: Heard<Overview> }): ReactNode {
  const texts = useOperatorTexts()
  const { texts: chat } = usePreferences()
  const { keyed, name } = currentSession()
  return (
    <header className="operator-header">
      <div className="top">
        <p className="brand">
          Sluice <Pulse heard={heard} />
        </p>
        <span className="flex-1" />
        {!keyed && (
          <a className="quiet text-sm" href="/">
            {texts.chat}
          </a>
        )}
        {keyed && (
          <bdi className="quiet max-w-32 truncate text-sm" title={name}>
            {name}
          </bdi>
        )}
        <Appearance />
        {keyed && <IconButton icon="leave" label={chat.signOut} onClick={() => void signOut()} />}
      </div>
      <nav aria-label={texts.sections}>
        {(['open', 'ended', 'charts', 'providers', 'limits', 'keys'] as const).map((section) => (
          <a key={section} href={`#${section}`}>
            {texts[section]}
          </a>
        ))}
      </nav>
    </header>
  )
}

function Appearance(): ReactNode {
  const { texts: chat, theme, language, choose } = usePreferences()
  const themeNames: Readonly<Record<Theme, string>> = {
    auto: chat.themeAuto,
    light: chat.themeLight,
    dark: chat.themeDark,
  }
  return (
    <>
      <select
        aria-label={chat.interfaceLanguage}
        value={language}
        onChange={({ target }) => {
          const chosen = LANGUAGES.find((each) => each === target.value)
          if (chosen !== undefined) choose({ language: chosen })
        }}
      >
        {LANGUAGES.map((each) => (
          <option key={each} value={each} lang={each}>
            {OWN_NAMES[each]}
          </option>
        ))}
      </select>
      <select
        aria-label={chat.theme}
        value={theme}
        onChange={({ target }) => {
          const chosen = THEMES.find((each) => each === target.value)
          if (chosen !== undefined) choose({ theme: chosen })
        }}
      >
        {THEMES.map((each) => (
          <option key={each} value={each}>
            {themeNames[each]}
          </option>
        ))}
      </select>
    </>
  )
}

/** That the figures are of now, or for how long they have not been. */
function Pulse({ heard }: { readonly heard: Heard<Overview> }): ReactNode {
  const texts = useOperatorTexts()
  const format = useFormat()
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  const age = Math.max(0, now - heard.at)
  const isStale = heard.data !== undefined && age > STALE_MS
  return (
    <span className="pulse-word" data-stale={isStale} role="status">
      {isStale ? texts.stale(format.time(age)) : texts.live}
    </span>
  )
}

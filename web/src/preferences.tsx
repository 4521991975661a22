import { createContext, use, useEffect, useState, type ReactNode } from 'react'
import { en, type Texts } from './texts/en.ts'
import { LANGUAGES, loadTexts, preferredLanguage, type Language } from './texts/languages.ts'

/** How the page looks. */
export type Theme = 'auto' | 'light' | 'dark'

/** What the reader chose for this browser. */
export interface Preferences {
  readonly theme: Theme
  readonly language: Language
  readonly texts: Texts
  readonly choose: (choice: { readonly theme?: Theme; readonly language?: Language }) => void
}

const THEMES: readonly Theme[] = ['auto', 'light', 'dark']

const Context = createContext<Preferences>({ theme: 'auto', language: 'en', texts: en, choose: () => undefined })

/** The reader's choices. */
export function usePreferences(): Preferences {
  return use(Context)
}

/** The words of the page in the reader's language. */
export function useTexts(): Texts {
  return use(Context).texts
}

/** Keeps the reader's choices and shows the page by them. */
export function PreferencesProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [theme, setTheme] = useState<Theme>(() => read('theme', THEMES) ?? 'auto')
  const [language, setLanguage] = useState<Language>(
    () => read('language', LANGUAGES) ?? preferredLanguage(navigator.languages),
  )
  const [texts, setTexts] = useState<Texts>(en)
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  useEffect(() => {
    let isCurrent = true
    void loadTexts(language).then((loaded) => {
      if (!isCurrent) return
      document.documentElement.lang = language
      setTexts(loaded)
    })
    return () => {
      isCurrent = false
    }
  }, [language])
  const choose: Preferences['choose'] = (choice) => {
    if (choice.theme !== undefined) setTheme(keep('theme', choice.theme))
    if (choice.language !== undefined) setLanguage(keep('language', choice.language))
  }
  return <Context value={{ theme, language, texts, choose }}>{children}</Context>
}

function read<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  try {
    const kept = localStorage.getItem(`sluice.${name}`)
    return allowed.find((each) => each === kept)
  } catch {
    return undefined
  }
}

/** A private window may refuse; then the choice lasts as long as the page. */
function keep<T extends string>(name: string, value: T): T {
  try {
    localStorage.setItem(`sluice.${name}`, value)
  } catch {
    // Not kept.
  }
  return value
}

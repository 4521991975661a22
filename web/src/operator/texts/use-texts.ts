import { createContext, use, useEffect, useState } from 'react'
import { usePreferences } from '../../preferences.tsx'
import type { Language } from '../../texts/languages.ts'
import { en, type OperatorTexts } from './en.ts'

const LOADERS: Readonly<Record<Language, () => Promise<OperatorTexts>>> = {
  en: async () => en,
  ru: async () => (await import('./ru.ts')).ru,
  vi: async () => (await import('./vi.ts')).vi,
  zh: async () => (await import('./zh.ts')).zh,
}

/** Where the words of the operator's page come from. */
export const OperatorTextsContext: React.Context<OperatorTexts> = createContext<OperatorTexts>(en)

/** The words of the operator's page in the reader's language. */
export function useOperatorTexts(): OperatorTexts {
  return use(OperatorTextsContext)
}

/** Loads them whenever another language is chosen. */
export function useLoadedTexts(): OperatorTexts {
  const { language } = usePreferences()
  const [texts, setTexts] = useState<OperatorTexts>(en)
  useEffect(() => {
    let isCurrent = true
    void LOADERS[language]().then((loaded) => isCurrent && setTexts(loaded))
    return () => {
      isCurrent = false
    }
  }, [language])
  return texts
}

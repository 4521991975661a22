import { en, type Texts } from './en.ts'

/** The languages of the page. English is always there; another one is fetched when it is needed. */
export const LANGUAGES = ['en', 'ru', 'vi', 'zh'] as const

/** One of them. */
export type Language = (typeof LANGUAGES)[number]

const LOADERS: Readonly<Record<Language, () => Promise<Texts>>> = {
  en: async () => en,
  ru: async () => (await import('./ru.ts')).ru,
  vi: async () => (await import('./vi.ts')).vi,
  zh: async () => (await import('./zh.ts')).zh,
}

/** What each language calls itself. */
export const OWN_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  ru: 'Русский',
  vi: 'Tiếng Việt',
  zh: '中文',
}

/** The words in one language. */
export function loadTexts(language: Language): Promise<Texts> {
  return LOADERS[language]()
}

/** The first of the reader's languages that there is; English otherwise. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const found = LANGUAGES.find((language) => tag.toLowerCase().split('-')[0] === language)
    if (found !== undefined) return found
  }
  return 'en'
}

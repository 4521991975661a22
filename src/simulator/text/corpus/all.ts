import type { Language } from '../language.ts'
import type { Corpus } from './corpus.ts'
import { ar } from './ar.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { ja } from './ja.ts'
import { ru } from './ru.ts'
import { vi } from './vi.ts'
import { zh } from './zh.ts'

/** The sentences of every language the simulator answers in. */
export const CORPORA: Readonly<Record<Language, Corpus>> = { en, ru, zh, ja, vi, de, es, ar }

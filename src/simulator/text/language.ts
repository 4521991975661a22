/** The languages the simulator answers in; everything else is answered in English. */
export type Language = 'en' | 'ru' | 'zh' | 'ja' | 'vi' | 'de' | 'es' | 'ar'

/** How much of a text is looked at. */
const LOOKED_AT = 4_000

const VIETNAMESE = /[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/giu
const COMMON: readonly (readonly [Language, ReadonlySet<string>])[] = [
  [
    'en',
    new Set('the a an of is are to in and what how why tell me about please write explain can you with for'.split(' ')),
  ],
  [
    'de',
    new Set(
      'der die das und ist nicht wie was ein eine einen mir über bitte erkläre warum schreibe mit für ich auf eines erzähle erzähl den dem geschichte zwischen im zu'.split(
        ' ',
      ),
    ),
  ],
  [
    'es',
    new Set(
      'el la los las que de es cómo qué una un por para con explica escribe cuéntame sobre y en del háblame historia entre'.split(
        ' ',
      ),
    ),
  ],
]
const DISTINCT: readonly (readonly [Language, RegExp])[] = [
  ['de', /[äöüß]/giu],
  ['es', /[ñ¿¡áéíóú]/giu],
]

/**
 * The language of a text, by script and, within the Latin script, by its commonest words.
 *
 * @example
 * detectLanguage('Расскажи о космосе') // 'ru'
 */
export function detectLanguage(text: string): Language {
  const sample = text.slice(0, LOOKED_AT).normalize('NFC').toLowerCase()
  const count = (pattern: RegExp): number => sample.match(pattern)?.length ?? 0
  const latin = count(/[a-z]/gu)
  // A question in another script often carries Latin names ("как отсортировать list в Python").
  const enough = latin / 4
  if (count(/[\p{sc=Hira}\p{sc=Kana}]/gu) > enough) return 'ja'
  if (count(/\p{sc=Han}/gu) > enough / 2) return 'zh'
  if (count(/\p{sc=Cyrl}/gu) > enough) return 'ru'
  if (count(/\p{sc=Arab}/gu) > enough) return 'ar'
  if (count(VIETNAMESE) >= 2) return 'vi'
  return latinLanguage(sample, count)
}

function latinLanguage(sample: string, count: (pattern: RegExp) => number): Language {
  const words = sample.match(/\p{L}+/gu) ?? []
  let best: Language = 'en'
  let most = 0
  for (const [language, common] of COMMON) {
    const marks = DISTINCT.find(([name]) => name === language)?.[1]
    const score = words.filter((word) => common.has(word)).length + (marks === undefined ? 0 : count(marks))
    if (score > most) [best, most] = [language, score]
  }
  return best
}

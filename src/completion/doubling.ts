/**
 * Whether a short repetition of letters at a seam may be meant: `mid` + `dle` reads `middle` or, if the `d` is
 * said again, `midle`. What is known of words and of spelling decides. In doubt the letters are kept: to say
 * one twice is the smaller harm than to lose one.
 */

const WORD = /[\p{L}\p{M}]+/gu
const LAST_WORD = /[\p{L}\p{M}]+$/u
const FIRST_WORD = /^[\p{L}\p{M}]+/u
const SIGN = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー]$/u

/** Longer repetitions of letters are no accident. */
const LONGEST = 3
/** What is needed of a word to judge it. */
const ENOUGH = 12
/** How much of the text is the dictionary. */
const DICTIONARY = 20_000

/** Ideographs and kana that Chinese and Japanese write twice in a row. */
const DOUBLED_SIGNS =
  /[偷刚匆吃听哈哗哥哭嘻坐奶好妈妹姐娓寥层岁岌常幢弟往徐微念怏悄想慢懒打摇斤星晃晶暗朗枚松样恰步每沉泪洋活浓深渐渺渣温滔滚漂满滴灿烈爷爸看短稀穆笑累纷细绵缓翩脉舅舒芸茫莽菲落葱蒙蛋蛐袅试谈谢走跃躲轻转迟遥郁铮长闪闷闹阵隆隐霏静频飘高默ここたまいお]/

/** Latin words that end in a doubled letter, by their end; the rest of them are seldom cut there. */
const LATIN_END =
  /(?:^|[^a-z])(?:a(?:ll|dd|gree)|b(?:all|ell|ill|oss)|c(?:all|ell|lass|offee|ommittee|ross)|d(?:egree|ress|oll)|e(?:gg|mployee|xcess)|f(?:all|ee|ill|ree|ull|lee)|g(?:lass|oo|rass|uess)|h(?:all|ell|ill)|ill|k(?:ill|iss|nee|noll)|l(?:ess|oss)|m(?:ass|ess|ill|iss)|odd|p(?:ass|ill|oll|ress|rocess|ull)|roll|s(?:ee|ell|hall|kill|mall|pell|taff|till|tress|tuff)|t(?:all|ell|hree|ill|ree)|unless|w(?:all|ell|ill)|yell|zoo|access|address|across|business|success|progress)$/
const CYRILLIC_END = /(?:[её]ни|[ая]ни|ци|сси|ори|ери|линии|ии|боле|мене|дале|ране|скоре|[ьвсн]не)$/

const VOWEL = /[aeiouyàâäáåãæèéêëìíîïòóôöõøùúûüýаеёиоуыэюя]/
const CYRILLIC = /\p{sc=Cyrillic}/u
const LATIN = /\p{sc=Latin}/u

/**
 * Whether `overlap`, nothing but letters, may stand twice where `sent` and `text` meet; `undefined` when
 * more of `text` must be seen to tell.
 */
export function mayBeDoubled(sent: string, text: string, overlap: string, isWhole: boolean): boolean | undefined {
  const before = LAST_WORD.exec(sent)?.[0].toLowerCase() ?? ''
  const after = FIRST_WORD.exec(text)?.[0].toLowerCase() ?? ''
  if (SIGN.test(overlap)) return sent.includes(overlap + overlap) || DOUBLED_SIGNS.test(overlap)
  if (!isWhole && after.length === text.length && after.length < ENOUGH) return undefined
  const said = isKnownWord(sent, before, before + after, before + after.slice(overlap.length))
  if (said !== undefined) return said
  const size = Array.from(overlap).length
  if (size > LONGEST) return false
  return size === 1 ? isDoubleLetter(before, after) : isDoubleSyllable(before, after, overlap.toLowerCase())
}

/** Words so common that one may well follow a word which ends like it, or stand before one which begins like it. */
const SMALL_WORDS =
  /^(?:a|an|and|as|at|be|but|for|he|her|him|his|how|i|if|in|is|it|me|no|not|of|on|or|our|so|the|to|us|we|а|в|за|и|из|к|на|не|ни|но|о|об|он|от|по|с|то|у)$/i

/**
 * Whether `overlap`, which is not letters only, may stand twice: `show ` + `how often`, `an` + ` answer`. It
 * is a small word then, and the end or the beginning of the one beside it.
 */
export function mayBeNextWord(sent: string, text: string, overlap: string): boolean {
  const past = sent.slice(0, -overlap.length)
  if (past.includes(overlap + overlap)) return true
  const isEnd = /^\p{L}+ $/u.test(overlap) && /\p{L}$/u.test(past)
  const isBeginning = /^ \p{L}+$/u.test(overlap) && /^\p{L}/u.test(text.slice(overlap.length))
  return (isEnd || isBeginning) && SMALL_WORDS.test(overlap.trim())
}

/** The text is the dictionary: what it wrote before it may write again. */
function isKnownWord(sent: string, before: string, doubled: string, single: string): boolean | undefined {
  const words = new Set(
    sent
      .slice(-DICTIONARY, sent.length - before.length)
      .toLowerCase()
      .match(WORD) ?? [],
  )
  if (words.has(doubled)) return true
  // That the cut word is a word by itself (`need` + `ed`) proves nothing.
  return single !== before && words.has(single) ? false : undefined
}

/** `before` ends with the letter, `after` begins with it. */
function isDoubleLetter(before: string, after: string): boolean {
  const letter = after.charAt(0)
  const [past, next] = [before.at(-2) ?? '', after.charAt(1)]
  if (CYRILLIC.test(letter)) return isDoubleCyrillic(before, letter, past, next)
  if (!LATIN.test(letter)) return false
  if (next === '') return LATIN_END.test(before + letter)
  if (past === '') return /[eol]/.test(letter)
  if (VOWEL.test(letter)) return /[aeo]/.test(letter) ? !VOWEL.test(next) : letter === 'i' && next === 'n'
  if (/[hjqwx]/.test(letter)) return letter === 'h' && before.endsWith('with')
  if (letter === 's') return true
  if (letter === 't' && before === 'ht') return next === 'p'
  return VOWEL.test(past) && (VOWEL.test(next) || /[lry]/.test(next) || /[fl]/.test(letter))
}

function isDoubleCyrillic(before: string, letter: string, past: string, next: string): boolean {
  if (next === '') return /[ие]/.test(letter) && CYRILLIC_END.test(before)
  if (past === '') return /[всзж]/.test(letter)
  if (letter === 'о') return before.length <= 6
  if (letter === 'е') return /[тюмшлйн]/.test(next)
  if (VOWEL.test(letter)) return false
  if (/[хцчшщй]/.test(letter)) return false
  return VOWEL.test(past) && (VOWEL.test(next) || /[рлвк]/.test(next) || /[сз]/.test(letter))
}

/** `need` + `ed`, `train` + `ing`, `rem` + `ember`: an ending that begins as its stem ends. */
const SYLLABLES: readonly (readonly [overlap: string, before: RegExp, after: RegExp])[] = [
  ['in', /.in$/, /^ing/],
  ['ing', /^[^aeiouy]{1,4}ing$/, /^ing$/],
  ['ed', /eed$/, /^ed$/],
  ['er', /[^aeiou]er$/, /^er(?:s|ed|y|ing)$/],
  ['ti', /(?:pe|par)ti$/, /^ti/],
  ['em', /rem$/, /^emb/],
  ['an', /ban$/, /^an/],
  ['is', /cris$/, /^is/],
  ['co', /^co$/, /^co/],
  ['ha', /ha$/, /^ha/],
  ['ma', /^ma$/, /^ma/],
  ['pa', /^pa$/, /^pa/],
  ['ла', /(?:де|же|сы|сла)ла$|сла$/, /^ла/],
  ['го', /(?<![ое])го$/, /^го$/],
  ['ка', /ника$/, /^ка/],
  ['ха', /ха$/, /^ха/],
  ['ма', /^ма$/, /^ма/],
  ['па', /^па$/, /^па/],
  ['ба', /^ба$/, /^ба/],
]

function isDoubleSyllable(before: string, after: string, overlap: string): boolean {
  return SYLLABLES.some(([syllable, past, next]) => syllable === overlap && past.test(before) && next.test(after))
}

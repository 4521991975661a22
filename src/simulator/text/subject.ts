import type { Corpus } from './corpus/corpus.ts'

/** What a question is about. */
export interface Subject {
  /** As it stands in a sentence: bare, or in the language's quotation marks. */
  readonly topic: string
  /** The same without quotation marks; empty when the question names no subject. */
  readonly plain: string
  /** The question's own words that carry meaning, lower case, at most 12. */
  readonly words: readonly string[]
}

/** How much of a question is read for its subject. */
const LOOKED_AT = 2_000
const MOST_WORDS = 12
const TOPIC_WORDS = 7
const TOPIC_LENGTH = 48
const TOPIC_LENGTH_CJK = 14

/**
 * The subject of a question: what is left when "please explain" and "in detail" are taken away.
 *
 * @example
 * subjectOf('Explain the tides in detail', en) // { topic: 'the tides', plain: 'the tides', words: ['tides'] }
 */
export function subjectOf(question: string, corpus: Corpus): Subject {
  const sample = plain(question.slice(0, LOOKED_AT))
  const words = contentWords(sample, corpus)
  const clause = topicOf(sample, words, corpus)
  const topic = clause === '' ? corpus.anyTopic : corpus.bare.test(clause) ? clause : quoted(clause, corpus)
  return { topic, plain: clause, words }
}

/** The words that carry meaning, lower case, at most 12, in the order they stand. */
export function contentWords(text: string, corpus: Corpus): string[] {
  const found = corpus.space === '' ? segmented(text, corpus) : (text.match(/[\p{L}\p{N}]+/gu) ?? [])
  const shortest = corpus.space === '' ? 2 : 3
  const out = new Set<string>()
  for (const word of found) {
    if (out.size >= MOST_WORDS) break
    const lower = word.toLowerCase()
    if (lower.length >= shortest && !corpus.stopWords.has(lower)) out.add(lower)
  }
  return [...out]
}

/** Words of a script without spaces; a run of nothing but kana is grammar more often than subject. */
function segmented(text: string, corpus: Corpus): string[] {
  const segmenter = new Intl.Segmenter(corpus.language, { granularity: 'word' })
  return Array.from(segmenter.segment(text))
    .filter((part) => part.isWordLike && !/^\p{sc=Hira}+$/u.test(part.segment))
    .map((part) => part.segment)
}

/** Without what Markdown, HTML or our own templates would take as a sign. */
function plain(text: string): string {
  return text.replace(/[`*_#|<>[\]{}\\~^$]/g, ' ').replace(/[ \t]+/g, ' ')
}

function topicOf(sample: string, words: readonly string[], corpus: Corpus): string {
  const sentence = sample.split(/[.?!。？！؟\n;；]/u).find((part) => part.trim() !== '')
  const trimmed = stripTail((sentence ?? '').trim().replace(corpus.ask, ''), corpus)
  const clause = shorten(trimmed.split(/[,，、،:：(（"“”«»]/u).find((part) => part.trim() !== '') ?? '', corpus)
  if (clause === '' || !/\p{L}/u.test(clause)) return ''
  const first = clause.split(' ')[0] ?? ''
  if (words.length === 0 || (clause === first && corpus.stopWords.has(first.toLowerCase()))) return ''
  return clause
}

function stripTail(text: string, corpus: Corpus): string {
  let before = ''
  let now = text
  while (now !== before) {
    before = now
    now = now.replace(corpus.tail, '').trim()
  }
  return now
}

function shorten(text: string, corpus: Corpus): string {
  const clause = text.trim()
  if (corpus.space === '') return clause.slice(0, TOPIC_LENGTH_CJK)
  const kept: string[] = []
  for (const word of clause.split(' ').slice(0, TOPIC_WORDS)) {
    if (kept.join(' ').length + word.length > TOPIC_LENGTH) break
    kept.push(word)
  }
  // Cut off in the middle, it must not end in "to the".
  while (kept.length > 1 && corpus.stopWords.has(kept.at(-1)?.toLowerCase() ?? '')) kept.pop()
  return kept.join(' ')
}

/** In the quotation marks of the language. */
export function quoted(text: string, corpus: Corpus): string {
  return `${corpus.quotes[0]}${text}${corpus.quotes[1]}`
}

import { corpusFor } from '../text/blocks.ts'
import type { Corpus } from '../text/corpus/corpus.ts'
import { subjectOf } from '../text/subject.ts'

/** What a question offers to fill arguments and JSON fields with. */
export interface Hints {
  readonly corpus: Corpus
  /** The subject, without quotation marks; may be empty. */
  readonly topic: string
  readonly words: readonly string[]
  /** Names in the question: capitalised words that do not start a sentence. */
  readonly names: readonly string[]
  readonly numbers: readonly number[]
  readonly text: string
}

const SAMPLE = 4_000

/** Reads the hints off a question. */
export function hintsOf(question: string): Hints {
  const text = question.slice(0, SAMPLE)
  const corpus = corpusFor(text)
  const subject = subjectOf(text, corpus)
  const numbers = (text.match(/-?\d{1,9}(?:\.\d{1,6})?/g) ?? []).map(Number)
  return { corpus, topic: subject.plain, words: subject.words, names: namesIn(text), numbers, text }
}

function namesIn(text: string): string[] {
  const names = new Set<string>()
  for (const match of text.matchAll(/\p{Lu}[\p{L}\p{M}'’-]+(?: \p{Lu}[\p{L}\p{M}'’-]+){0,3}/gu)) {
    const before = text.slice(0, match.index).trimEnd()
    // The first word of a sentence is capitalised whatever it is.
    if (before === '' || /[.?!:\n]$/.test(before)) continue
    names.add(match[0])
    if (names.size === 8) break
  }
  return [...names]
}

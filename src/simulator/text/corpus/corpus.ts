import type { Language } from '../language.ts'

/** What a question asks for. */
export type Kind = 'greeting' | 'story' | 'code' | 'table' | 'list' | 'explain' | 'short'

/** A story: its nine acts in order, each in several wordings; every combination reads as one story. */
export interface Plot {
  readonly title: string
  readonly acts: readonly (readonly string[])[]
}

/**
 * The sentences of one language. `{topic}` stands where the subject of the question goes, `{Topic}` the
 * same at the start of a line, `{word}` for one of the question's words, always in quotation marks.
 * Sentences avoid grammar that would depend on what the topic turns out to be.
 */
export interface Corpus {
  readonly language: Language
  /** Between two sentences: a space, or nothing in Chinese and Japanese. */
  readonly space: string
  readonly quotes: readonly [open: string, close: string]
  /** What in the question tells its kind; tried in the order of `Kind`. */
  readonly cues: Readonly<Partial<Record<Kind, RegExp>>>
  /** What is said to have an answer continued; also what no new question would say. */
  readonly goOn: RegExp
  /** What stands before the topic: "please explain". Removed once from the start. */
  readonly ask: RegExp
  /** What stands after the topic: "in detail, please". Removed from the end. */
  readonly tail: RegExp
  /** True for a topic that reads well without quotation marks. */
  readonly bare: RegExp
  /** Words too common to be the subject. */
  readonly stopWords: ReadonlySet<string>
  readonly anyTopic: string
  readonly greeting: readonly string[]
  readonly opening: readonly string[]
  readonly prose: readonly string[]
  /** Short sentences, for the end and to fill exact lengths. */
  readonly closing: readonly string[]
  readonly headings: readonly string[]
  readonly listLead: readonly string[]
  readonly points: readonly string[]
  readonly steps: readonly string[]
  readonly tableLead: readonly string[]
  readonly tableHead: readonly [string, string, string]
  readonly tableRows: readonly (readonly [string, string, string])[]
  readonly codeLead: readonly string[]
  readonly codeNotes: readonly string[]
  readonly storyLead: readonly string[]
  /** What a story is about when nobody said. */
  readonly storyTopics: readonly string[]
  /** Short sentences after the end of a story. */
  readonly storyClosing: readonly string[]
  readonly plots: readonly Plot[]
  /** `{n}` is the chapter's number. */
  readonly chapter: string
  /** What a reasoning model says to itself. */
  readonly thoughts: readonly string[]
  /** Says that no model was asked. */
  readonly note: string
  /** The chatty start of a continuation. */
  readonly preambles: readonly string[]
  /** Before the results of tools. */
  readonly resultsLead: string
}

/** A list of words as a set. */
export function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/))
}

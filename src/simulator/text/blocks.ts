import { CORPORA } from './corpus/all.ts'
import type { Corpus, Kind, Plot } from './corpus/corpus.ts'
import { codeBlock, namesCode } from './code.ts'
import type { Block } from './draft.ts'
import { detectLanguage } from './language.ts'
import { Deck, hash, seeded } from './random.ts'
import type { Random } from './random.ts'
import { quoted, subjectOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** What a tool gave back. */
export interface ToolResult {
  readonly name: string
  readonly content: string
}

/** How much of a text is looked at. */
const SAMPLE = 4_000
const KINDS: readonly Kind[] = ['greeting', 'code', 'story', 'table', 'list', 'explain']

/** The corpus for a question. */
export function corpusFor(text: string): Corpus {
  return CORPORA[detectLanguage(text)]
}

/** What a question asks for, by the words in it. */
export function kindOf(text: string, corpus: Corpus): Kind {
  const sample = text.slice(0, SAMPLE)
  if (namesCode(sample)) return 'code'
  return KINDS.find((kind) => corpus.cues[kind]?.test(sample)) ?? 'short'
}

/** The building blocks of one answer, on one subject, drawn without repeating until all were used. */
export class Blocks {
  readonly corpus: Corpus
  readonly kind: Kind
  readonly random: Random
  readonly prose: Deck<string>
  readonly closing: Deck<string>
  readonly storyClosing: Deck<string>
  readonly #question: string
  readonly #subject: Subject
  readonly #storyTopic: string
  readonly #headings: Deck<string>
  readonly #plots: Deck<Plot>
  #nextWord = 0
  #chapters = 0

  constructor(question: string, seed: number) {
    this.#question = question
    this.corpus = corpusFor(question)
    this.kind = kindOf(question, this.corpus)
    this.#subject = subjectOf(question, this.corpus)
    this.random = seeded(hash(question, seed))
    this.prose = new Deck(this.corpus.prose, this.random)
    this.closing = new Deck(this.corpus.closing, this.random)
    this.storyClosing = new Deck(this.corpus.storyClosing, this.random)
    this.#headings = new Deck(this.corpus.headings, this.random)
    this.#plots = new Deck(this.corpus.plots, this.random)
    const invented = quoted(this.random.pick(this.corpus.storyTopics), this.corpus)
    this.#storyTopic = this.#subject.plain === '' ? invented : this.#subject.topic
  }

  /** The first sentence of an answer. */
  opening(): Block {
    return [this.fillIn(this.random.pick(this.corpus.opening))]
  }

  /** Three sentences in two paragraphs. */
  chat(): readonly Block[] {
    return [this.sentence(), this.paragraph(), this.sentence()]
  }

  /** A sentence that follows another on the same line. */
  sentence(text: string = this.prose.deal()): Block {
    return [`${this.corpus.space}${this.fillIn(text)}`]
  }

  /** A sentence that starts a paragraph. */
  paragraph(): Block {
    return [`\n\n${this.fillIn(this.prose.deal())}`]
  }

  /** A heading and a paragraph. */
  section(): readonly Block[] {
    const opening = [`\n\n## ${this.#headings.deal()}`, `\n\n${this.fillIn(this.prose.deal())}`]
    return [opening, this.sentence(), this.sentence()]
  }

  list(): Block {
    const points = new Deck(this.corpus.points, this.random)
    const lines = Array.from({ length: 4 }, () => `- ${points.deal()}`)
    return [`\n\n${this.random.pick(this.corpus.listLead)}`, `\n\n${lines.join('\n')}`]
  }

  steps(): Block {
    const lines = this.corpus.steps.map((text, at) => `${at + 1}. ${this.fillIn(text)}`)
    return [`\n\n${this.random.pick(this.corpus.listLead)}`, `\n\n${lines.join('\n')}`]
  }

  table(): Block {
    const rows = new Deck(this.corpus.tableRows, this.random)
    const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
    const body = Array.from({ length: 3 }, () => row(rows.deal()))
    const lines = [row(this.corpus.tableHead), '| --- | --- | --- |', ...body]
    return [`\n\n${this.random.pick(this.corpus.tableLead)}`, `\n\n${lines.join('\n')}`]
  }

  /** Code, and in a block of its own what there is to say about it. */
  code(): readonly Block[] {
    const note = this.#subject.plain === '' ? this.corpus.anyTopic : this.#subject.plain
    return [
      [`\n\n${this.random.pick(this.corpus.codeLead)}`, `\n\n${codeBlock(this.#question, note, this.#subject.words)}`],
      [`\n\n${this.corpus.codeNotes.map((text) => `- ${text}`).join('\n')}`],
    ]
  }

  /** The next story: what leads into it, and its acts. */
  story(): { readonly lead: Block; readonly acts: readonly Block[] } {
    const plot = this.#plots.deal()
    const first = ++this.#chapters === 1
    const lead = first
      ? [this.#told(this.random.pick(this.corpus.storyLead)), `\n\n## ${plot.title}`]
      : [`\n\n## ${this.corpus.chapter.replace('{n}', String(this.#chapters))}`]
    const acts = plot.acts.map((act, at) => {
      const text = this.#told(this.random.pick(act))
      return [at % 3 === 0 ? `\n\n${text}` : `${this.corpus.space}${text}`]
    })
    return { lead, acts }
  }

  /** What tools returned, as a list. */
  results(results: readonly ToolResult[]): readonly Block[] {
    const lines = results.slice(0, 40).map((result) => resultLine(result))
    return [[this.corpus.resultsLead], [`\n\n${lines.join('\n')}`], [`\n\n${this.closing.deal()}`]]
  }

  /**
   * A sentence with its gaps filled.
   *
   * @param advance - false to look at a sentence without using up one of the question's words
   */
  fillIn(text: string, advance: boolean = true): string {
    const { topic, words } = this.#subject
    const out = text.replaceAll('{topic}', topic)
    if (!out.includes('{word}')) return out
    const word = words[this.#nextWord % Math.max(words.length, 1)]
    if (advance) this.#nextWord++
    return out.replaceAll('{word}', word === undefined ? topic : quoted(word, this.corpus))
  }

  #told(text: string): string {
    return text.replaceAll('{topic}', this.#storyTopic)
  }
}

/** A tool's result as a list item: the fields of an object, else the text itself. */
function resultLine(result: ToolResult): string {
  const text = result.content.trim().slice(0, SAMPLE)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return `- **${result.name}**: ${text.replace(/\s+/g, ' ')}`
  }
  if (typeof value !== 'object' || value === null) return `- **${result.name}**: ${String(value)}`
  const fields = Object.entries(value).slice(0, 12)
  const told = fields.map(([key, field]) => `${key}: ${typeof field === 'string' ? field : JSON.stringify(field)}`)
  return `- **${result.name}**: ${told.join(', ')}`
}

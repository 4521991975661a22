/**
 * Answers that read like answers: sentences of a corpus, put together by what the question asks for, on
 * its subject and in its language. The text depends on the question, the seed and the length alone.
 */
import { Blocks } from './blocks.ts'
import type { ToolResult } from './blocks.ts'
import { Draft } from './draft.ts'
import type { Block } from './draft.ts'
import { Deck } from './random.ts'
import { tokenize } from './tokenize.ts'

/** What is answered. */
export interface Question {
  /** The text of the last user message. */
  readonly text: string
  /** Results of tools, which the answer then tells. */
  readonly results?: readonly ToolResult[] | undefined
}

/** The note that no model was asked ends every answer at least this many times its own length. */
const NOTE_FROM = 4
/** Acts a story can do without, the most dispensable first. */
const DISPENSABLE: readonly number[] = [3, 7, 6, 5, 4, 2]

/**
 * The answer to a question as tokens; joined they are the text.
 *
 * @param tokens - the exact length wanted; undefined lets the question decide (about 40 to 300)
 */
export function composeAnswer(question: Question, seed: number, tokens: number | undefined): readonly string[] {
  const blocks = new Blocks(question.text, seed)
  return tokens === undefined ? natural(blocks, question) : exactly(blocks, question, tokens)
}

/** What a reasoning model thinks before it answers, in exactly so many tokens. */
export function composeThoughts(question: Question, seed: number, tokens: number): readonly string[] {
  const blocks = new Blocks(question.text, seed ^ 0x7417)
  const draft = new Draft(tokens)
  const thoughts = new Deck(blocks.corpus.thoughts, blocks.random)
  for (let misses = 0; misses < 3 && !draft.full;) {
    if (!draft.add(blocks.sentence(thoughts.deal()))) misses++
  }
  fill(draft, blocks, [blocks.closing], blocks.corpus.space)
  return draft.tokens
}

/** Prose that could follow any text, for continuations of a text that was not written here. */
export function composeProse(question: Question, seed: number, tokens: number): readonly string[] {
  const blocks = new Blocks(question.text, seed ^ 0x1c0d)
  const draft = new Draft(tokens, true)
  fill(draft, blocks, [blocks.prose, blocks.closing], blocks.corpus.space)
  return draft.tokens
}

/** As long as the question deserves. */
function natural(blocks: Blocks, question: Question): readonly string[] {
  const draft = new Draft()
  for (const block of recipe(blocks, question)) draft.add(block)
  if (blocks.kind !== 'greeting') draft.add([`\n\n${blocks.corpus.note}`])
  return draft.tokens
}

function exactly(blocks: Blocks, question: Question, count: number): readonly string[] {
  const note = tokenize(`\n\n${blocks.corpus.note}`)
  const withNote = count >= note.length * NOTE_FROM
  const draft = new Draft(count - (withNote ? note.length : 0))
  if (blocks.kind === 'story' && question.results === undefined) tell(draft, blocks)
  else lecture(draft, blocks, question)
  return withNote ? [...draft.tokens, ...note] : draft.tokens
}

/** The blocks of an answer of natural length. */
function* recipe(blocks: Blocks, question: Question): Generator<Block> {
  if (question.results !== undefined) return yield* blocks.results(question.results)
  const { kind, corpus } = blocks
  if (kind === 'greeting') return yield* corpus.greeting.map((text) => blocks.sentence(text))
  if (kind === 'story') {
    const { lead, acts } = blocks.story()
    yield lead
    return yield* acts
  }
  yield blocks.opening()
  if (kind === 'code') yield* blocks.code()
  yield kind === 'code' ? blocks.paragraph() : blocks.sentence()
  if (kind === 'table') yield blocks.table()
  if (kind === 'list') yield blocks.steps()
  if (kind === 'explain') yield* [...blocks.section(), blocks.list()]
  if (kind === 'table' || kind === 'explain') yield* blocks.section()
  if (kind === 'list') yield blocks.paragraph()
  if (kind === 'short') yield* blocks.chat()
  yield blocks.sentence(blocks.closing.deal())
}

/** The recipe, and then more of everything for as long as there is room. */
function lecture(draft: Draft, blocks: Blocks, question: Question): void {
  let misses = 0
  for (const block of endless(blocks, question)) {
    if (draft.full || misses > 2) break
    if (!draft.add(block)) misses++
  }
  fill(draft, blocks, [blocks.prose, blocks.closing], draft.paragraph ? blocks.corpus.space : '\n\n')
}

function* endless(blocks: Blocks, question: Question): Generator<Block> {
  yield* recipe(blocks, question)
  for (;;) {
    yield* blocks.section()
    yield blocks.list()
    yield* blocks.section()
    yield blocks.table()
    if (blocks.kind === 'code') yield* blocks.code()
    yield* blocks.section()
    yield blocks.steps()
  }
}

/** Stories, one chapter each; the last one leaves out what it can do without, never its end. */
function tell(draft: Draft, blocks: Blocks): void {
  while (!draft.full) {
    const { lead, acts } = blocks.story()
    let told: readonly Block[] = [lead, ...acts]
    for (let i = 0; i < DISPENSABLE.length && !draft.fits(told); i++) {
      const without = new Set(DISPENSABLE.slice(0, i + 1))
      told = [lead, ...acts.filter((_, at) => !without.has(at))]
    }
    if (!draft.fits(told)) break
    for (const block of told) draft.add(block)
  }
  const rest = draft.empty ? [blocks.closing] : [blocks.storyClosing]
  fill(draft, blocks, rest, blocks.corpus.space)
}

/** Sentences, as many as fit; what is still missing is made up by shorter tokens. */
function fill(draft: Draft, blocks: Blocks, decks: readonly Deck<string>[], first: string): void {
  let glue = first
  for (const deck of decks) {
    let used = 0
    while (!draft.full) {
      const before = draft.empty ? '' : glue
      const text = deck.draw((candidate) => draft.fits([[`${before}${blocks.fillIn(candidate, false)}`]]))
      // Short sentences are said once; the rest of the room is made up below.
      if (text === undefined || (deck !== blocks.prose && ++used > 4)) break
      draft.add([`${before}${blocks.fillIn(text)}`])
      glue = blocks.corpus.space
    }
  }
  draft.stretch(blocks.corpus.closing.join(blocks.corpus.space))
}

import type { Token, TokensList } from 'marked'
import { lex } from './lex.ts'

/** One block of a text: a paragraph, a list, a fence. The same object as long as it is the same block. */
export interface Block {
  readonly key: number
  readonly token: Token
  /** More text may still become part of it. */
  readonly isOpen: boolean
}

type Links = TokensList['links']

/**
 * The blocks of a Markdown text that grows. Only the last block is read again when text arrives: those
 * before it are frozen, so that an update costs the same at the end of a long answer as at its beginning.
 * What this cannot see (a reference link whose target comes later) is put right when the text is whole.
 */
export class BlockReader {
  #source = ''
  #frozen: Block[] = []
  #frozenTo = 0
  #links: Links = Object.create(null)
  #open: readonly Block[] = []
  #isWhole = false

  /** The blocks of `text`, which is what was given before and more of it. Any other text starts anew. */
  read(text: string, isWhole: boolean): readonly Block[] {
    // Positions are those of the text as marked sees it.
    const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
    if (source === this.#source && isWhole === this.#isWhole) return this.#all
    if (this.#isWhole || !source.startsWith(this.#source)) this.#reset()
    this.#source = source
    this.#isWhole = isWhole
    if (isWhole) this.#readWhole(source)
    else this.#readOn(source)
    return this.#all
  }

  #all: readonly Block[] = []

  #reset(): void {
    this.#source = ''
    this.#frozen = []
    this.#frozenTo = 0
    this.#links = Object.create(null)
    this.#open = []
  }

  #readOn(source: string): void {
    const tail = source.slice(this.#frozenTo)
    const tokens = lex(tail, true, this.#links)
    let last = tokens.length - 1
    while (last > 0 && tokens[last]?.type === 'space') last--
    const closed = tokens.slice(0, Math.max(0, last))
    const raw = closed.map((token) => token.raw).join('')
    // A token's raw text is nearly always its source; where it is not, nothing is frozen for now.
    if (closed.length > 0 && tail.startsWith(raw)) {
      for (const token of closed) this.#frozen.push({ key: this.#frozen.length, token, isOpen: false })
      this.#frozenTo += raw.length
      this.#links = tokens.links
    }
    const rest = tail.startsWith(raw) ? tokens.slice(closed.length) : tokens
    this.#open = rest.map((token, at) => ({ key: this.#frozen.length + at, token: mended(token), isOpen: true }))
    this.#all = [...this.#frozen, ...this.#open]
  }

  #readWhole(source: string): void {
    const tokens = lex(source, false)
    // A link's target may stand anywhere: with targets every block is looked at again.
    const hasTargets = Object.keys(tokens.links).length > 0
    const before = [...this.#frozen]
    this.#frozen = tokens.map((token, key) => {
      const known = before[key]
      const isSame = !hasTargets && known?.token.raw === token.raw && known.token.type === token.type
      return isSame ? known : { key, token, isOpen: false }
    })
    this.#open = []
    this.#all = this.#frozen
  }
}

const GROUP = 32

/**
 * Blocks in groups, of which those that are as before are the same arrays: a page that compares groups has
 * little to do, however many blocks there are.
 */
export function grouped(
  blocks: readonly Block[],
  before: readonly (readonly Block[])[],
): readonly (readonly Block[])[] {
  const groups: (readonly Block[])[] = []
  for (let from = 0; from < blocks.length; from += GROUP) {
    const known = before[groups.length]
    const length = Math.min(GROUP, blocks.length - from)
    const isSame = known?.length === length && known.every((block, at) => block === blocks[from + at])
    groups.push(isSame ? known : blocks.slice(from, from + GROUP))
  }
  return groups
}

/** A paragraph whose emphasis is not closed yet, as it will look when it is. */
function mended(token: Token): Token {
  if (token.type !== 'paragraph' && token.type !== 'heading') return token
  const closing = closingOf(token.raw)
  if (closing === '') return token
  return lex(token.raw.trimEnd() + closing, true)[0] ?? token
}

/** What closes the marks that are open at the end of a text. */
export function closingOf(text: string): string {
  const ticks = text.match(/(?<!`)`(?!`)/g)?.length ?? 0
  if (ticks % 2 === 1) return '`'
  const plain = text.replace(/`[^`]*`/g, '')
  const stars = plain.match(/\*\*/g)?.length ?? 0
  return stars % 2 === 1 && /\*\*\S[^]*$/.test(plain) ? (plain.endsWith('*') ? '' : '**') : ''
}

import type { Random } from '../text/random.ts'

/**
 * A text that matches a simple regular expression: literals, classes, groups, alternatives and the
 * quantifiers. Undefined for anything beyond that (look-around, back-references, Unicode classes).
 */
export function matchingText(pattern: string, random: Random): string | undefined {
  if (pattern.length > 200 || /\(\?[^:]|\\[1-9pPbBkxucDWS]|\[\^/.test(pattern)) return undefined
  const reader = new PatternReader(pattern, random)
  const text = reader.alternatives(0)
  return reader.finished && text.length <= 2_000 ? text : undefined
}

const CLASSES: Readonly<Record<string, string>> = {
  d: '0123456789',
  w: 'abcdefghijklmnopqrstuvwxyz0123456789_',
  s: ' ',
}

class PatternReader {
  readonly #pattern: string
  readonly #random: Random
  #at = 0

  constructor(pattern: string, random: Random) {
    this.#pattern = pattern
    this.#random = random
  }

  get finished(): boolean {
    return this.#at === this.#pattern.length
  }

  /** `a|b|c`: every branch is read, one is taken. */
  alternatives(depth: number): string {
    const branches = [this.#sequence(depth)]
    while (this.#take('|')) branches.push(this.#sequence(depth))
    return this.#random.pick(branches)
  }

  #sequence(depth: number): string {
    let out = ''
    while (this.#at < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const start = this.#at
      const first = this.#atom(depth)
      const times = this.#quantifier()
      const end = this.#at
      for (let i = 0; i < times && out.length < 2_000; i++) {
        if (i === 0) {
          out += first
          continue
        }
        // Read the atom again, so that every repetition draws its own characters.
        this.#at = start
        out += this.#atom(depth)
      }
      this.#at = end
    }
    return out
  }

  #atom(depth: number): string {
    const char = this.#next()
    if (char === '^' || char === '$') return ''
    if (char === '.') return 'a'
    if (char === '[') return this.#random.pick(this.#set())
    if (char === '\\') return this.#escaped(this.#next())
    if (char !== '(' || depth > 8) return char
    if (this.#pattern.startsWith('?:', this.#at)) this.#at += 2
    const text = this.alternatives(depth + 1)
    this.#take(')')
    return text
  }

  #escaped(char: string): string {
    const members = CLASSES[char]
    if (members !== undefined) return this.#random.pick(Array.from(members))
    return { n: '\n', t: '\t', r: '\r' }[char] ?? char
  }

  #set(): string[] {
    const members: string[] = []
    while (this.#at < this.#pattern.length && this.#peek() !== ']') {
      const char = this.#next()
      if (char === '\\') members.push(...this.#members(this.#next()))
      else if (this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#next()
        const last = this.#next()
        for (let code = char.charCodeAt(0); code <= last.charCodeAt(0) && members.length < 300; code++) {
          members.push(String.fromCharCode(code))
        }
      } else members.push(char)
    }
    this.#take(']')
    return members.length === 0 ? ['a'] : members
  }

  /** What an escape in a class stands for. */
  #members(char: string): string[] {
    return Array.from(CLASSES[char] ?? char)
  }

  #quantifier(): number {
    const [found, least, comma, most] =
      /^(?:\{(\d{1,3})(,?)(\d{0,3})\}|[*+?])\??/.exec(this.#pattern.slice(this.#at)) ?? []
    if (found === undefined) return 1
    this.#at += found.length
    if (found.startsWith('*')) return this.#random.below(4)
    if (found.startsWith('+')) return 1 + this.#random.below(6)
    if (found.startsWith('?')) return this.#random.below(2)
    const from = Number(least)
    const to = comma === '' ? from : most === '' || most === undefined ? from + 3 : Number(most)
    return from + this.#random.below(Math.max(to - from, 0) + 1)
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? ''
  }

  #next(): string {
    return this.#pattern[this.#at++] ?? ''
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }
}

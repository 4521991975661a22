import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'

/** The documents of test/fixtures/seeds. */
export type Seed = '0-evolution' | '1-megallm-russian' | '2-holysheep' | '3-megallm-english' | '4-fastgpt'

/** Where a sample stands in its document. */
export interface Place {
  readonly seed: Seed
  /** The line that is its heading. */
  readonly heading: string
  /** Its first line, the next one like this after the heading. */
  readonly first: string
  /** The first line that is not part of it any more: the next heading, or the fence. */
  readonly until: string
  /**
   * How deep each line stands, a digit for each: seeds 2 to 4 were recorded without the spaces at the beginning of
   * lines, which are Python's grammar.
   */
  readonly depths?: string | undefined
}

/** What has to be another text for a sample to run here, and why. */
export interface Change {
  readonly from: string
  readonly to: string
  readonly why: string
}

const texts = new Map<Seed, readonly string[]>()

function linesOf(seed: Seed): readonly string[] {
  const known = texts.get(seed)
  if (known !== undefined) return known
  const lines = readFileSync(new URL(`../fixtures/seeds/${seed}.txt`, import.meta.url), 'utf8').split('\n')
  texts.set(seed, lines)
  return lines
}

/** A sample as it stands in its document, at the margin. Fails where the document has none there. */
export function sampleAt({ seed, heading, first, until, depths }: Place): string {
  const lines = linesOf(seed)
  const found = (text: string, from: number): number => {
    const at = lines.findIndex((line, index) => index >= from && line.trim() === text)
    assert.notEqual(at, -1, `${seed} has no line "${text}" after line ${from}`)
    return at
  }
  const start = found(first, found(heading, 0) + 1)
  const end = found(until, start + 1)
  const taken = lines.slice(start, end)
  while (taken.at(-1)?.trim() === '') taken.pop()
  if (depths !== undefined) return indented(taken, depths)
  const margin = /^ */.exec(taken[0] ?? '')?.[0].length ?? 0
  return `${taken.map((line) => line.slice(margin)).join('\n')}\n`
}

function indented(lines: readonly string[], depths: string): string {
  assert.equal(lines.length, depths.length, `${lines[0]}: a depth for each line`)
  return lines.map((line, index) => `${'    '.repeat(Number(depths[index]))}${line}\n`).join('')
}

/** A sample with its changes. Fails for a change that changes nothing. */
export function changed(code: string, changes: readonly Change[]): string {
  return changes.reduce((text, { from, to }) => {
    assert.ok(text.includes(from), `nothing to change: ${from}`)
    return text.replaceAll(from, to)
  }, code)
}

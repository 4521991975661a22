/**
 * Text whose shape tells where it was cut: an indentation, the end of a line, a row of a table. Spaces, bars
 * and dashes say nothing about what repeats what, but the lines above say how the line is to be.
 */

const OPENS = /[:{([]$|=>$/
/** After these a block of code is over. */
const LEAVES = /^(?:return|break|continue|raise|pass|throw)\b/
/** These belong to a block that is less deep than the line before. */
const CLOSES = /^\s*(?:except|else|elif|finally|catch|end|fi|done|esac|[)\]}])/
const ITEM = /^\s*(?:[-*+]|\d+[.)]) /

/**
 * How much of an indentation is repeated where the text was cut inside one; `undefined` anywhere else. Where
 * two depths are possible the line before tells which one is likelier, and else the deeper one is taken:
 * spaces that were sent are not lost.
 *
 * @example
 * repeatedIndentation('def f(x):\n  ', '    return') // 2: the line is to be 4 deep
 */
export function repeatedIndentation(sent: string, text: string): number | undefined {
  const had = /(?:^|\n)([ \t]+)$/.exec(sent)?.[1]?.length
  const more = /^([ \t]+)\S/.exec(text)?.[1]?.length
  if (had === undefined || more === undefined) return undefined
  const block = sent.slice(sent.lastIndexOf('```') + 1).split('\n')
  const lines = block.slice(0, -1).filter((line) => line.trim() !== '')
  const depths = lines.map((line) => line.length - line.trimStart().length)
  const expected = expectedDepth(lines, depths, text)
  const [shallow, deep] = [Math.max(had, more), had + more]
  const most = Math.max(depths.at(-1) ?? 0, expected)
  const known = [expected, ...depths].filter((depth) => depth >= shallow && depth <= deep && depth <= most)
  if (known[0] === expected && OPENS.test(lines.at(-1) ?? '')) return deep - expected
  // Nothing repeated, or the line was cut behind its indentation, or is said again from its start.
  for (const depth of [deep, had, more]) if (known.includes(depth)) return deep - depth
  return known.length === 0 ? 0 : deep - (known[0] === expected ? expected : Math.max(...known))
}

/** How deep the next line will be: deeper after a line that opens a block, less deep where one ends. */
function expectedDepth(lines: readonly string[], depths: readonly number[], text: string): number {
  const [last, depth] = [lines.at(-1) ?? '', depths.at(-1) ?? 0]
  if (OPENS.test(last)) {
    const unit = Math.min(...depths.filter((each) => each > 0), Infinity)
    return depth + (unit === Infinity ? 4 : unit)
  }
  if (!CLOSES.test(text) && !LEAVES.test(last.trimStart())) return depth
  return Math.max(0, ...depths.filter((each) => each < depth))
}

/**
 * Whether a line end, or a blank line, that was sent is repeated: its length if so, 0 if a further blank
 * line may be meant, `undefined` when more of the text must be seen.
 */
export function repeatedLineEnd(sent: string, text: string, isWhole: boolean): number | undefined {
  const [had, more] = [lineEnds(/\n*$/.exec(sent)), lineEnds(/^\n*/.exec(text))]
  const next = text.slice(more)
  if (next.length < 4 && !next.includes('\n') && !isWhole) return undefined
  const lines = sent.trimEnd().split('\n')
  const last = lines.at(-1) ?? ''
  // Two blank lines stand before a definition of Python, and nowhere else.
  const usual = /^(?:def |class |@|async |if __|\w+\()/.test(next) && isInCode(sent) ? 3 : 2
  if (had + more > 2) return Math.min(had, more, Math.max(0, had + more - usual))
  if (/^\s*```[\w+#.-]+$/.test(last) || (OPENS.test(last) && /^[ \t]/.test(next))) return 1
  if (isRow(last) && next.startsWith('|')) return 1
  if (next.startsWith('```') && isInCode(sent)) return 1
  const isTight = lines.slice(-6).some((line, at, all) => ITEM.test(line) && ITEM.test(all[at + 1] ?? ''))
  return ITEM.test(next) && isTight ? 1 : 0
}

function lineEnds(match: RegExpExecArray | null): number {
  return match?.[0].length ?? 0
}

/** Whether a block of code is open at the text's end. */
export function isInCode(text: string): boolean {
  return (text.match(/^ {0,3}```/gm)?.length ?? 0) % 2 === 1
}

/**
 * How much of a Markdown table's row is repeated, where the text was cut inside one that has others above it and
 * is complete in `text`; `undefined` where the row does not tell. Of the possible repetitions it takes one
 * whose bars stand below those of a row above, or whose rule is even, or else one that gives as many bars.
 */
export function repeatedInRow(sent: string, text: string): number | undefined {
  const lines = sent.split('\n')
  const begun = lines.at(-1) ?? ''
  const above: string[] = []
  for (let at = lines.length - 2; at >= 0 && isRow(lines[at] ?? ''); at--) above.push(lines[at] ?? '')
  const end = text.indexOf('\n')
  if (above.length === 0 || !isRow(begun) || end < 1) return undefined
  const rest = text.slice(0, end)
  const columns = new Set(above.map((row) => bars(row).join()))
  const counts = new Set(above.map((row) => bars(row).length))
  let sameCount: number | undefined
  let longest = 0
  for (let length = Math.min(begun.length, rest.length); length >= 0; length--) {
    const overlap = rest.slice(0, length)
    if (!begun.endsWith(overlap)) continue
    longest = Math.max(longest, length)
    const row = begun + rest.slice(length)
    const places = bars(row)
    if (columns.has(places.join()) || (counts.has(places.length) && isEvenRule(row))) return length
    const isTold = overlap.includes('|') || (length === 0 && rest.slice(0, longest).includes('|'))
    if (isTold && counts.has(places.length)) sameCount ??= length
  }
  return sameCount ?? (/^[\s:-]*$/.test(rest.slice(0, longest)) ? 0 : undefined)
}

/** `| --- | --- |`: dashes, and as many in each column. */
function isEvenRule(row: string): boolean {
  const [first = '', ...others] = row.trim().split('|').slice(1, -1)
  return /^ *:?-+:? *$/.test(first) && others.every((cell) => cell === first)
}

/** Whether a row of a table is being written, which must be seen whole to be judged. */
export function isInRow(sent: string, text: string): boolean {
  const lines = sent.split('\n')
  return isRow(lines.at(-2) ?? '') && isRow(lines.at(-1) ?? '') && !text.includes('\n')
}

function isRow(line: string): boolean {
  return /^ *\|/.test(line)
}

function bars(row: string): readonly number[] {
  return Array.from(row.trimEnd().matchAll(/\|/g), ({ index }) => index)
}

/**
 * Text whose shape tells where it was cut: an indentation, a row of a table. Spaces, bars and dashes say
 * nothing about what repeats what, but the lines above say how the line is to be.
 */

const OPENS = /[:{([]$|=>$/

/**
 * How much of an indentation is repeated where the text was cut inside one; `undefined` anywhere else.
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
  const previous = lines.at(-1) ?? ''
  const [shallow, deep] = [Math.max(had, more), had + more]
  const known = depths.filter((depth) => depth >= shallow && depth <= deep)
  if (OPENS.test(previous)) {
    const unit = Math.min(...depths.filter((each) => each > 0), Infinity)
    known.unshift((depths.at(-1) ?? 0) + (unit === Infinity ? 4 : unit))
  } else {
    // The least that the lines before know: that much was repeated, rather than that much meant.
    known.sort((a, b) => a - b)
  }
  const expected = known.find((each) => each >= shallow && each <= deep)
  return deep - (expected ?? shallow)
}

/**
 * How much of a Markdown table's row is repeated, where the text was cut inside one that has another
 * above it and is complete in `text`; `undefined` anywhere else. Of the possible repetitions it takes
 * the longest whose bars stand below those of the row above, or else the longest that gives as many bars.
 */
export function repeatedInRow(sent: string, text: string): number | undefined {
  const lines = sent.split('\n')
  const [above, begun] = [lines.at(-2) ?? '', lines.at(-1) ?? '']
  const end = text.indexOf('\n')
  if (!isRow(above) || !isRow(begun) || end < 1) return undefined
  const rest = text.slice(0, end)
  let sameCount: number | undefined
  for (let length = Math.min(begun.length, rest.length); length >= 0; length--) {
    if (!begun.endsWith(rest.slice(0, length))) continue
    const row = begun + rest.slice(length)
    if (bars(row).join() === bars(above).join()) return length
    if (sameCount === undefined && bars(row).length === bars(above).length) sameCount = length
  }
  return sameCount
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

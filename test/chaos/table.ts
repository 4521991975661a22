/** Rows under a head, columns aligned: numbers to the right, the rest to the left. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(shown))]
  const widths = head.map((_, at) => Math.max(...cells.map((row) => (row[at] ?? '').length)))
  const isNumeric = head.map(
    (_, at) => rows.length > 0 && rows.every((row) => /^[\d.,]*( ?%| s| ms)?$/.test(shown(row[at] ?? ''))),
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const gap = ' '.repeat(Math.max(0, (widths[at] ?? 0) - cell.length))
        return isNumeric[at] === true ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  const [first = [], ...rest] = cells
  return [line(first), rule, ...rest.map(line)].join('\n')
}

function shown(cell: string | number): string {
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell
}

/** Seconds with one digit after the point. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

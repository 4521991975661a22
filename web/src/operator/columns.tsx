import type { Column } from './table.tsx'

/** A column of names that others gave: cut where they are long, whole on hover. */
export function nameColumn<Row>(
  title: string,
  of: (row: Row) => string,
  options: { readonly hint?: (row: Row) => string; readonly isQuiet?: boolean } = {},
): Column<Row> {
  const { hint = of, isQuiet = false } = options
  return {
    title,
    by: of,
    cell: (row) => (
      <bdi className={isQuiet ? 'name quiet' : 'name'} title={hint(row)}>
        {of(row)}
      </bdi>
    ),
  }
}

/** A column of figures; a dash where there is none. */
export function numberColumn<Row>(
  title: string,
  of: (row: Row) => number | undefined,
  write: (value: number) => string,
): Column<Row> {
  return {
    title,
    isNumber: true,
    by: (row) => of(row) ?? -1,
    cell: (row) => {
      const value = of(row)
      return value === undefined ? '—' : write(value)
    },
  }
}

import { useState, type ReactNode } from 'react'
import { useOperatorTexts } from './texts/use-texts.ts'

/** A column of a table. */
export interface Column<Row> {
  readonly title: string
  /** A word about the title, shown on hover. */
  readonly hint?: string
  readonly cell: (row: Row) => ReactNode
  /** What it is sorted by; without it, it cannot be. */
  readonly by?: (row: Row) => number | string
  readonly isNumber?: boolean
}

/**
 * A table that can be sorted. On a phone each row is a card and the headings are buttons above them; the roles
 * are said, because a browser forgets them with the layout.
 */
export function Table<Row>(props: {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly empty: string
  /** The column that it is sorted by first; the order of the rows unless told. */
  readonly sortedBy?: number
}): ReactNode {
  const { caption, columns, rows, keyOf, empty } = props
  const [sort, setSort] = useState({ column: props.sortedBy ?? -1, isDown: false })
  if (rows.length === 0) return <p className="nothing">{empty}</p>
  const by = columns[sort.column]?.by
  const sorted = by === undefined ? rows : rows.toSorted((a, b) => compare(by(a), by(b)) * (sort.isDown ? -1 : 1))
  const sortBy = (column: number): void =>
    setSort((before) => ({
      column,
      // A column of numbers is looked at for the largest.
      isDown: before.column === column ? !before.isDown : columns[column]?.isNumber === true,
    }))
  return (
    <div className="table-box" tabIndex={0} role="group" aria-label={caption}>
      <table role="table" aria-label={caption} className="figures">
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column, at) => (
              <Heading
                key={column.title}
                column={column}
                order={sort.column === at ? (sort.isDown ? 'descending' : 'ascending') : 'none'}
                onSort={() => sortBy(at)}
              />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {sorted.map((row) => (
            <tr role="row" key={keyOf(row)}>
              {columns.map((column) => (
                <td role="cell" key={column.title} data-label={column.title} data-number={column.isNumber}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Heading<Row>(props: {
  readonly column: Column<Row>
  readonly order: 'ascending' | 'descending' | 'none'
  readonly onSort: () => void
}): ReactNode {
  const { column, order, onSort } = props
  const texts = useOperatorTexts()
  if (column.by === undefined)
    return (
      <th role="columnheader" scope="col" data-number={column.isNumber} title={column.hint}>
        {column.title}
      </th>
    )
  return (
    <th role="columnheader" scope="col" aria-sort={order} data-number={column.isNumber}>
      <button type="button" title={column.hint ?? texts.sortBy(column.title)} onClick={onSort}>
        {column.title}
        <span aria-hidden="true" className="order">
          {order === 'none' ? '' : order === 'ascending' ? '↑' : '↓'}
        </span>
      </button>
    </th>
  )
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))
}

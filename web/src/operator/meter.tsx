import type { ReactNode } from 'react'

/** How much of a whole, as a bar. The browser's own `meter` cannot be drawn alike everywhere. */
export function Meter(props: {
  readonly label: string
  readonly value: number
  readonly of: number
  /** More is worse from the start, not only when it is nearly all. */
  readonly isBad?: boolean
}): ReactNode {
  const { label, value, of, isBad = false } = props
  const share = of > 0 ? Math.min(1, value / of) : 0
  return (
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={of}
      aria-valuenow={Math.min(value, of)}
      className="meter"
      data-level={isBad ? 'bad' : share > 0.8 ? 'high' : 'fine'}
    >
      <i style={{ width: `${share * 100}%` }} />
    </span>
  )
}

import type { ReactNode } from 'react'

const PATHS = {
  plus: 'M8 3v10M3 8h10',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM11 11l3 3',
  menu: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h7',
  close: 'm4 4 8 8M12 4l-8 8',
  send: 'M8 13V3.500M4 7l4-4 4 4',
  stop: 'M4.500 4.500h7v7h-7zM6 7h4M6 8h4M6 9h4',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  check: 'm3 8.500 3.200 3L13 4.500',
  edit: 'm3 13 .6-2.800L10.800 3l2.200 2.200-7.200 7.200L3 13Z',
  again: 'M13 8a5 5 0 1 1-1.600-3.700M13 2.500v3h-3',
  play: 'M5 3.500 12 8l-7 4.500z',
  left: 'm10 3.500-4.500 4.500 4.500 4.500',
  right: 'M6 3.500 10.500 8 6 12.500',
  down: 'm3.500 6 4.500 4.500L12.500 6',
  end: 'M8 3v9.500M4 9l4 4 4-4',
  sliders: 'M2.500 5h6M11.500 5h2M2.500 11h2M7.500 11h6M10 3.300v3.400M6 9.300v3.400',
  trash: 'M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.6 8.500h5.800l.6-8.500',
  download: 'M8 2.500v7.500M4.800 7 8 10.200 11.200 7M3 13h10',
  why: 'M2.500 12.500V9M6.200 12.500v-7M9.800 12.500V8M13.500 12.500V3.500',
  thought:
    'M8 2.500v1M8 12.500v1M2.500 8h1M12.500 8h1M4.200 4.200l.7.7M11.100 11.100l.7.7M4.200 11.800l.7-.7M11.100 4.900l.7-.7M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4Z',
  tool: 'M9.500 6.500 13 3M10 2.500a3.500 3.500 0 0 0-3.300 4.700L2.500 11.400l2.100 2.100 4.200-4.200A3.500 3.500 0 0 0 13.500 6',
  leave: 'M9.500 3H4v10h5.500M7 8h6.500M11 5.200 13.800 8 11 10.800',
  link: 'M2.500 8h3l1.500-3.500 2.500 7L11 8h2.500',
} as const

/** The name of an icon. */
export type IconName = keyof typeof PATHS

/** A small drawing beside or instead of a word; screen readers get the word. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): ReactNode {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className="shrink-0"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}

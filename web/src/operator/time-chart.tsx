import { useEffect, useRef, useState, type ReactNode } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { usePreferences } from '../preferences.tsx'
import { cumulated, type Series } from './series.ts'
import { useOperatorTexts } from './texts/use-texts.ts'

const HEIGHT = 170

/** Figures over time: lines, or bars that stand on each other; what they are of and come to is said below. */
export function TimeChart(props: {
  readonly title: string
  readonly hint?: string | undefined
  /** Seconds since 1970. */
  readonly grid: readonly number[]
  readonly series: readonly Series[]
  readonly kind: 'lines' | 'bars'
  readonly format: (value: number) => string
  readonly formatTime: (seconds: number) => string
}): ReactNode {
  const { title, hint, grid, series, kind, format, formatTime } = props
  const texts = useOperatorTexts()
  const [place, setPlace] = useState<number>()
  const box = useChart(props, setPlace)
  const isEmpty = !series.some(({ values }) => values.some((value) => value !== null && value > 0))
  const at = place === undefined ? undefined : grid[place]
  const valueOf = ({ values, total }: Series): string => {
    const value = place === undefined || at === undefined ? total : values[place]
    return value === null || value === undefined ? '—' : format(value)
  }
  return (
    <figure className="chart">
      <figcaption>
        <strong title={hint}>{title}</strong>
        <span className="quiet">{at === undefined ? '' : formatTime(at)}</span>
      </figcaption>
      {isEmpty && <p className="nothing">{texts.nothingYet}</p>}
      <div ref={box} dir="ltr" hidden={isEmpty} aria-hidden="true" className="canvas" />
      <ul className="legend">
        {series.map((each, i) => (
          <li key={each.name}>
            <i className="swatch" data-series={kind === 'lines' ? `p${i}` : String(i % 6)} />
            <bdi className="truncate">{each.name}</bdi>
            <span className="tabular-nums">{valueOf(each)}</span>
          </li>
        ))}
      </ul>
    </figure>
  )
}

/** The drawing: made anew when its lines, colours or place change, and only given figures when those do. */
function useChart(
  { grid, series, kind, format, formatTime }: Parameters<typeof TimeChart>[0],
  onPlace: (place: number | undefined) => void,
): React.RefObject<HTMLDivElement | null> {
  const ref = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(undefined)
  const { theme, language } = usePreferences()
  const isDark = useDark()
  const shape = `${kind} ${series.length} ${theme} ${isDark} ${language}`
  const words = useRef({ format, formatTime, onPlace })
  words.current = { format, formatTime, onPlace }
  useEffect(() => {
    const box = ref.current
    if (box === null) return
    const made = new uPlot(optionsFor(box, kind, series.length, words), dataOf(kind, grid, series), box)
    chart.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height: HEIGHT }))
    observer.observe(box)
    return () => {
      observer.disconnect()
      made.destroy()
      chart.current = undefined
    }
    // The figures are given by the other effect.
  }, [shape])
  useEffect(() => chart.current?.setData(dataOf(kind, grid, series)), [kind, grid, series])
  return ref
}

type Words = React.RefObject<{
  readonly format: (value: number) => string
  readonly formatTime: (seconds: number) => string
  readonly onPlace: (place: number | undefined) => void
}>

function dataOf(kind: 'lines' | 'bars', grid: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const rows = kind === 'lines' ? series.map(({ values }) => values) : cumulated(series).toReversed()
  return [[...grid], ...rows.map((row) => [...row])]
}

function optionsFor(box: HTMLElement, kind: 'lines' | 'bars', count: number, words: Words): uPlot.Options {
  const ink = colour(box, '--quiet')
  const line = colour(box, '--line')
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: '11px sans-serif' }
  return {
    width: Math.max(100, box.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, points: { show: kind === 'lines' }, drag: { setScale: false } },
    scales: {
      x: { time: true, range: withMargin },
      y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        space: 70,
        values: (_, all) => all.map((at) => words.current.formatTime(at)),
      },
      { ...axis, size: 62, space: 34, values: (_, all) => all.map((value) => words.current.format(value)) },
    ],
    series: [{}, ...Array.from({ length: count }, (_, i) => drawn(box, kind, count, i))],
    hooks: { setCursor: [({ cursor }) => words.current.onPlace(cursor.idx ?? undefined)] },
  }
}

/** Half a step at both ends: a bar stands around its place. */
function withMargin(chart: uPlot, from: number, to: number): [number, number] {
  const [first = 0, second = first + 1] = chart.data[0]
  const half = (second - first) / 2
  return [from - half, to + half]
}

function drawn(box: HTMLElement, kind: 'lines' | 'bars', count: number, i: number): uPlot.Series {
  if (kind === 'lines') {
    const stroke = colour(box, ['--p0', '--p1', '--p2'][i] ?? '--p0')
    return { stroke, width: 1.75, points: { size: 4, fill: stroke, width: 0 }, spanGaps: false }
  }
  // The whole is drawn first, and what is below it over it.
  const fill = colour(box, `--s${(count - 1 - i) % 6}`)
  const { bars } = uPlot.paths
  return {
    fill,
    width: 0,
    points: { show: false },
    ...(bars === undefined ? {} : { paths: bars({ size: [0.8, 40] }) }),
  }
}

/** A canvas does not know `light-dark()`: an element is asked what it makes of it. */
function colour(box: HTMLElement, name: string): string {
  const before = box.style.color
  box.style.color = `var(${name})`
  const { color } = getComputedStyle(box)
  box.style.color = before
  return color
}

function useDark(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, setDark] = useState(query.matches)
  useEffect(() => {
    const onChange = (): void => setDark(query.matches)
    query.addEventListener('change', onChange)
    return () => query.removeEventListener('change', onChange)
  }, [query])
  return isDark
}

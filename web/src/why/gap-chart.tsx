import { useEffect, useRef, type ReactNode } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

const HEIGHT = 140

/** The time between chunks over the course of the answer. */
export function GapChart({
  arrivals,
  label,
}: {
  readonly arrivals: readonly number[]
  readonly label: string
}): ReactNode {
  const ref = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const box = ref.current
    if (box === null) return
    const chart = new uPlot(optionsFor(box), [secondsOf(arrivals), gapsOf(arrivals)], box)
    const observer = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }))
    observer.observe(box)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [arrivals])
  const gaps = gapsOf(arrivals).toSorted((a, b) => a - b)
  const middle = gaps[Math.floor(gaps.length / 2)] ?? 0
  const longest = gaps.at(-1) ?? 0
  return <div ref={ref} dir="ltr" role="img" aria-label={`${label}: ${middle} (50 %), ${longest} (100 %)`} />
}

function optionsFor(box: HTMLElement): uPlot.Options {
  const style = getComputedStyle(box)
  const [ink, line, accent] = ['--quiet', '--line', '--accent'].map((name) => resolved(box, style, name))
  const axis = {
    stroke: ink ?? '',
    grid: { stroke: line ?? '', width: 1 },
    ticks: { show: false },
    font: '11px sans-serif',
  }
  return {
    width: box.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, size: 24, values: (_, splits) => splits.map((each) => `${each} s`) },
      { ...axis, size: 36 },
    ],
    series: [
      {},
      {
        stroke: accent ?? '',
        width: 1.5,
        points: { show: false },
        fill: `color-mix(in srgb, ${accent} 12%, transparent)`,
      },
    ],
  }
}

/** A canvas does not know `light-dark()`: an element is asked what it makes of it. */
function resolved(box: HTMLElement, style: CSSStyleDeclaration, name: string): string {
  const before = box.style.color
  box.style.color = `var(${name})`
  const { color } = style
  box.style.color = before
  return color
}

function secondsOf(arrivals: readonly number[]): number[] {
  return arrivals.slice(1).map((at) => at / 1_000)
}

function gapsOf(arrivals: readonly number[]): number[] {
  return arrivals.slice(1).map((at, index) => Math.round((at - (arrivals[index] ?? at)) * 10) / 10)
}

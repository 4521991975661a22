import { useMemo, useState, type ReactNode } from 'react'
import { usePreferences, useTexts } from '../preferences.tsx'
import { useHeard } from './ask.ts'
import { localeFor, useFormat, useKeyName } from './format.ts'
import { gridOf, stacked, type Series } from './series.ts'
import { useOperatorTexts } from './texts/use-texts.ts'
import { TimeChart } from './time-chart.tsx'
import { readDays, readHistory, type History, type Percentiles, type Point, type UsedPoint } from './wire-history.ts'
import type { Key } from './wire-keys.ts'

const DAY = 86_400
const RANGES = ['hour', 'day', 'month'] as const
type Range = (typeof RANGES)[number]

/** Percentiles, tokens and money over time. */
export function Charts({ keys }: { readonly keys: readonly Key[] | undefined }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const [range, setRange] = useState<Range>('hour')
  const [by, setBy] = useState<'key' | 'model'>('key')
  const isMonth = range === 'month'
  const recent = useHeard(isMonth ? undefined : `/admin/v1/history?range=${range}`, readHistory, 5_000).data
  const days = useHeard(isMonth ? '/admin/v1/usage?group_by=day,key,model' : undefined, readDays, 30_000).data
  return (
    <>
      <div className="filters">
        <Segments
          label={texts.range}
          value={range}
          options={RANGES.map((each) => [each, texts.ranges[each] ?? each])}
          onChoose={setRange}
        />
        <Segments
          label={texts.by}
          value={by}
          options={[
            ['key', texts.key],
            ['model', chat.model],
          ]}
          onChoose={setBy}
        />
        <Started history={recent} />
      </div>
      <div className="charts">
        {isMonth ? <p className="hint">{texts.latencyKept}</p> : recent !== undefined && <Latency history={recent} />}
        {isMonth && days !== undefined && <Usage used={days} grid={lastDays()} isDays by={by} keys={keys} />}
        {!isMonth && recent !== undefined && (
          <Usage used={recent.usage} grid={gridOf(recent.from, recent.to, recent.step)} by={by} keys={keys} />
        )}
      </div>
    </>
  )
}

/** One of a few, all of them to be seen. */
function Segments<T extends string>(props: {
  readonly label: string
  readonly value: T
  readonly options: readonly (readonly [value: T, text: string])[]
  readonly onChoose: (value: T) => void
}): ReactNode {
  return (
    <fieldset className="segments">
      <legend className="sr-only">{props.label}</legend>
      {props.options.map(([value, text]) => (
        <label key={value}>
          <input
            type="radio"
            className="sr-only"
            name={props.label}
            checked={value === props.value}
            onChange={() => props.onChoose(value)}
          />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  )
}

function Started({ history }: { readonly history: History | undefined }): ReactNode {
  const texts = useOperatorTexts()
  const format = useFormat()
  if (history === undefined || history.started <= history.from) return null
  return <p className="hint">{texts.since(format.clock(history.started * 1_000))}</p>
}

function Latency({ history }: { readonly history: History }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const clock = useShortClock()
  const { from, to, step, points, total } = history
  const grid = useMemo(() => gridOf(from, to, step), [from, to, step])
  const ttft = useMemo(() => percentileSeries(points, grid, (point) => point.ttft, total), [points, grid, total])
  const gaps = useMemo(() => percentileSeries(points, grid, (point) => point.interToken, total), [points, grid, total])
  const common = { grid, kind: 'lines', format: format.time, formatTime: clock } as const
  return (
    <>
      <TimeChart title={chat.ttft} series={ttft} {...common} />
      <TimeChart title={texts.interToken} hint={texts.interTokenHint} series={gaps} {...common} />
    </>
  )
}

function percentileSeries(
  points: readonly Point[],
  grid: readonly number[],
  of: (point: Point) => Percentiles | undefined,
  total: Point,
): readonly Series[] {
  const byTime = new Map(points.map((point) => [point.at, of(point)]))
  return (['p50', 'p95', 'p99'] as const).map((name) => ({
    name,
    values: grid.map((at) => byTime.get(at)?.[name] ?? null),
    total: of(total)?.[name] ?? 0,
  }))
}

function Usage(props: {
  readonly used: readonly UsedPoint[]
  readonly grid: readonly number[]
  readonly isDays?: boolean
  readonly by: 'key' | 'model'
  readonly keys: readonly Key[] | undefined
}): ReactNode {
  const { used, grid, by, keys, isDays = false } = props
  const texts = useOperatorTexts()
  const format = useFormat()
  const clock = useShortClock()
  const nameOf = useKeyName(keys)
  const rows = (value: (point: UsedPoint) => number): readonly Series[] => {
    const named = used.map((point) => ({
      at: point.at,
      name: by === 'key' ? nameOf(point.key) : point.model,
      value: value(point),
    }))
    return stacked(named, grid, texts.other)
  }
  const tokens = rows((point) => point.tokens)
  const cost = rows((point) => point.dollars)
  const unpriced = used.reduce((sum, point) => sum + point.unpriced, 0)
  const formatTime = isDays ? (at: number): string => format.day(at * 1_000) : clock
  const common = { grid, kind: 'bars', formatTime } as const
  return (
    <>
      <TimeChart title={texts.tokensBy} series={tokens} format={format.compact} {...common} />
      <TimeChart
        title={unpriced > 0 ? `${texts.costBy} · ${texts.unpriced(unpriced)}` : texts.costBy}
        series={cost}
        format={format.dollars}
        {...common}
      />
    </>
  )
}

/** The last thirty days, in UTC as they are charged. */
function lastDays(): readonly number[] {
  const today = Math.floor(Date.now() / 1_000 / DAY) * DAY
  return gridOf(today - 29 * DAY, today, DAY)
}

function useShortClock(): (seconds: number) => string {
  const { language } = usePreferences()
  return useMemo(() => {
    const clock = new Intl.DateTimeFormat(localeFor(language), { hour: '2-digit', minute: '2-digit' })
    return (seconds) => clock.format(seconds * 1_000)
  }, [language])
}

import type { ReactNode } from 'react'
import { useFormat } from './format.ts'
import type { Rates } from './rates.ts'
import { useOperatorTexts } from './texts/use-texts.ts'
import type { Overview } from './wire.ts'
import type { History } from './wire-history.ts'

/** The few figures that one looks at first. */
export function Tiles(props: {
  readonly overview: Overview
  readonly rates: Rates
  readonly history: History | undefined
}): ReactNode {
  const { overview, rates, history } = props
  const texts = useOperatorTexts()
  const format = useFormat()
  const speed = [...rates.values()].reduce((sum, rate) => sum + rate, 0)
  const { completed = 0, failed = 0, cancelled = 0, rescued = 0, ttft } = history?.total ?? {}
  const ended = completed + failed + cancelled
  const dollars = history?.usage.reduce((sum, point) => sum + point.dollars, 0) ?? 0
  const unpriced = history?.usage.reduce((sum, point) => sum + point.unpriced, 0) ?? 0
  return (
    <dl className="tiles">
      <Tile
        name={texts.open}
        value={format.number(overview.streams)}
        more={overview.waiting > 0 ? texts.waiting(overview.waiting) : texts.now}
      />
      <Tile name={texts.tokensPerSecond} value={format.compact(Math.round(speed))} more={texts.now} />
      <Tile name={texts.ttft95} value={ttft === undefined ? '—' : format.time(ttft.p95)} more={texts.lastHour} />
      <Tile
        name={texts.failed}
        value={format.number(failed)}
        more={`${texts.ofStreams(format.share(failed / Math.max(1, ended)), format.compact(ended))} · ${texts.lastHour}`}
        isBad={failed > 0}
      />
      <Tile name={texts.rescued} value={format.number(rescued)} more={texts.lastHour} />
      <Tile
        name={texts.spent}
        value={format.dollars(dollars)}
        more={unpriced > 0 ? `${texts.unpriced(unpriced)} · ${texts.lastHour}` : texts.lastHour}
      />
    </dl>
  )
}

function Tile(props: {
  readonly name: string
  readonly value: string
  readonly more: string
  readonly isBad?: boolean
}): ReactNode {
  return (
    <div className="tile" data-bad={props.isBad === true}>
      <dt>{props.name}</dt>
      <dd>
        <b>{props.value}</b>
        <small>{props.more}</small>
      </dd>
    </div>
  )
}

import type { ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { useFormat, useKeyName } from './format.ts'
import { kindOf } from './journey.ts'
import { Meter } from './meter.tsx'
import { Table, type Column } from './table.tsx'
import { useOperatorTexts } from './texts/use-texts.ts'
import type { Breaker, LimitUse } from './wire.ts'
import type { ProviderFigures } from './wire-history.ts'
import type { Key } from './wire-keys.ts'

/** How providers did in the last hour: what failed, and what was rescued. */
export function Providers({ providers }: { readonly providers: readonly ProviderFigures[] }): ReactNode {
  const texts = useOperatorTexts()
  const format = useFormat()
  const columns: readonly Column<ProviderFigures>[] = [
    { title: texts.provider, by: ({ provider }) => provider, cell: ({ provider }) => <bdi>{provider}</bdi> },
    { title: texts.attempts, by: (row) => row.attempts, isNumber: true, cell: (row) => format.number(row.attempts) },
    {
      title: texts.errors,
      by: ({ failed, attempts }) => failed / Math.max(1, attempts),
      isNumber: true,
      cell: ({ failed, attempts }) => (
        <>
          <Meter isBad label={texts.errors} value={failed} of={attempts} />
          {` ${format.number(failed)} · ${format.share(failed / Math.max(1, attempts))}`}
        </>
      ),
    },
    {
      title: texts.byCode,
      cell: ({ codes }) => (
        <ul className="codes">
          {codes.slice(0, 5).map(([code, count]) => (
            <li key={code} data-kind={kindOf(code)}>
              {texts.kinds[kindOf(code)]} · {code} <b>{format.number(count)}</b>
            </li>
          ))}
          {codes.length === 0 && '—'}
        </ul>
      ),
    },
    {
      title: texts.rescues,
      by: ({ rescues }) => rescues,
      isNumber: true,
      cell: ({ rescues, rescued }) => (rescues === 0 ? '—' : texts.rescuesOf(rescued, rescues)),
    },
  ]
  return (
    <Table
      caption={texts.providers}
      columns={columns}
      rows={providers}
      keyOf={({ provider }) => provider}
      empty={texts.nothingYet}
    />
  )
}

/** Who is left out, since when, and when somebody asks again. */
export function Breakers({ breakers }: { readonly breakers: readonly Breaker[] }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const next = ({ state, retryIn }: Breaker): string => {
    if (state !== 'open') return '—'
    return retryIn === undefined || retryIn < 1 ? texts.whenAsked : texts.inTime(format.time(retryIn))
  }
  const columns: readonly Column<Breaker>[] = [
    { title: texts.provider, by: ({ provider }) => provider, cell: ({ provider }) => <bdi>{provider}</bdi> },
    {
      title: chat.model,
      by: ({ model }) => model,
      cell: ({ model }) => (
        <bdi className="name" title={model}>
          {model}
        </bdi>
      ),
    },
    {
      title: texts.state,
      by: ({ state }) => state,
      cell: (breaker) => (
        <span className="state" data-state={`breaker-${breaker.state}`}>
          {texts.breakerStates[breaker.state] ?? breaker.state}
          {breaker.state === 'closed' && (
            <small>{breaker.failures === 0 ? texts.neverFailed : texts.counts(breaker.failures, breaker.tries)}</small>
          )}
        </span>
      ),
    },
    {
      title: texts.lasting,
      by: ({ since }) => since ?? Infinity,
      isNumber: true,
      cell: ({ since }) => (since === undefined ? '—' : format.time(since)),
    },
    { title: texts.nextTry, isNumber: true, cell: next },
  ]
  return (
    <Table
      caption={texts.breakers}
      columns={columns}
      rows={breakers.toSorted((a, b) => trouble(b) - trouble(a))}
      keyOf={({ provider, model }) => `${provider} ${model}`}
      empty="—"
    />
  )
}

/** Who is left out comes first, then who fails. */
function trouble({ state, failures }: Breaker): number {
  return state === 'open' ? 2 : state === 'probing' ? 1.5 : failures > 0 ? 1 : 0
}

/** What is taken of limits now. */
export function Limits(props: {
  readonly limits: readonly LimitUse[]
  readonly keys: readonly Key[] | undefined
}): ReactNode {
  const { limits, keys } = props
  const texts = useOperatorTexts()
  const nameOf = useKeyName(keys)
  const named = ({ scope, name }: LimitUse): string => (scope === 'key' ? nameOf(name) : name)
  const pair = (title: string, place: 0 | 1 | 2): Column<LimitUse> => ({
    title,
    isNumber: true,
    by: ({ pairs }) => (pairs[place]?.[0] ?? 0) / (pairs[place]?.[1] ?? Infinity),
    cell: ({ pairs }) => <Use title={title} used={pairs[place]?.[0] ?? 0} of={pairs[place]?.[1]} />,
  })
  const columns: readonly Column<LimitUse>[] = [
    {
      title: texts.scope,
      by: named,
      cell: (limit) => (
        <span className="flex min-w-0 items-baseline gap-1.5">
          <bdi className="name" title={limit.name}>
            {named(limit)}
          </bdi>
          <small className="quiet">{texts.scopes[limit.scope] ?? limit.scope}</small>
        </span>
      ),
    },
    pair(texts.perMinute, 0),
    pair(texts.tokensPerMinute, 1),
    pair(texts.atOnce, 2),
    { title: texts.inLine, by: ({ waiting }) => waiting, isNumber: true, cell: ({ waiting }) => waiting },
  ]
  return (
    <Table
      caption={texts.limits}
      columns={columns}
      rows={limits}
      keyOf={({ scope, name }) => `${scope} ${name}`}
      empty={texts.noLimits}
    />
  )
}

/** How much is used of how much. */
export function Use(props: {
  readonly title: string
  readonly used: number
  readonly of: number | undefined
  readonly write?: (value: number) => string
}): ReactNode {
  const { title, used, of } = props
  const texts = useOperatorTexts()
  const format = useFormat()
  const write = props.write ?? format.compact
  if (of === undefined) return <span className="quiet">—</span>
  return (
    <>
      <Meter label={title} value={used} of={of} /> {texts.usedOf(write(used), write(of))}
    </>
  )
}

import type { ReactNode } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { useTexts } from '../preferences.tsx'
import { useHeard } from './ask.ts'
import { textOf, numberOf } from './fields.ts'
import { useFormat, useKeyName } from './format.ts'
import { kindOf, lanesOf, ticks, type Lane } from './journey.ts'
import type { OperatorTexts } from './texts/en.ts'
import { useOperatorTexts } from './texts/use-texts.ts'
import { readStream, type Charge, type Stream, type TimelineEvent } from './wire.ts'
import type { Key } from './wire-keys.ts'

/** What happened to one stream: its tries on an axis of time, and every event in words. */
export function StreamDialog(props: {
  readonly id: string
  readonly keys: readonly Key[] | undefined
  readonly onClose: () => void
}): ReactNode {
  const { id, keys, onClose } = props
  const texts = useOperatorTexts()
  const { data: stream, refusal, refresh } = useHeard(`/admin/v1/streams/${encodeURIComponent(id)}`, readStream, 1_000)
  return (
    <Dialog title={texts.whatHappened} place="side" onClose={onClose}>
      <div className="journey">
        {stream !== undefined && <Facts stream={stream} keys={keys} />}
        {stream !== undefined && stream.timeline.length > 0 && <Axis stream={stream} />}
        {stream !== undefined && <Events timeline={stream.timeline} />}
        {stream === undefined && refusal !== undefined && (
          <p role="alert">
            {texts.couldNot(refusal.message)}{' '}
            <button type="button" className="link" onClick={refresh}>
              ↻
            </button>
          </p>
        )}
      </div>
    </Dialog>
  )
}

function Facts({ stream, keys }: { readonly stream: Stream; readonly keys: readonly Key[] | undefined }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const nameOf = useKeyName(keys)
  const rows: readonly (readonly [string, ReactNode])[] = [
    [texts.outcome, <Outcome key="" status={stream.status} />],
    [texts.key, <bdi key="">{nameOf(stream.key)}</bdi>],
    [chat.model, <bdi key="">{stream.model}</bdi>],
    [texts.began, format.clock(stream.created)],
    ...(stream.charge === undefined
      ? []
      : [
          [texts.tokens, chat.tokensInOut(stream.charge.input, stream.charge.output)] as const,
          [texts.cost, <Cost key="" charge={stream.charge} withSource />] as const,
        ]),
    ...(stream.error === undefined
      ? []
      : [
          [
            texts.error,
            <span key="" className="text-danger">
              {stream.error.message}
            </span>,
          ] as const,
        ]),
  ]
  return (
    <dl className="facts">
      <div>
        <dt>{texts.id}</dt>
        <dd className="flex items-center gap-1">
          <code className="truncate">{stream.id}</code>
          <CopyButton text={stream.id} />
        </dd>
      </div>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** How a stream ended, or that it has not. */
export function Outcome({ status }: { readonly status: string }): ReactNode {
  const texts = useOperatorTexts()
  return (
    <span className="state" data-state={status}>
      {texts.outcomes[status] ?? status}
    </span>
  )
}

/** What a stream cost: a dash where nobody knows, never a guess. */
export function Cost(props: { readonly charge: Charge | undefined; readonly withSource?: boolean }): ReactNode {
  const { charge } = props
  const format = useFormat()
  const chat = useTexts()
  if (charge === undefined) return '—'
  if (charge.dollars === undefined) return <span className="quiet">{props.withSource ? chat.costUnknown : '—'}</span>
  const source = props.withSource === true && charge.source !== '' ? ` · ${charge.source}` : ''
  return `${charge.isEstimated ? '≈ ' : ''}${format.dollars(charge.dollars)}${source}`
}

function Axis({ stream }: { readonly stream: Stream }): ReactNode {
  const texts = useOperatorTexts()
  const format = useFormat()
  const newest = stream.timeline.at(-1)?.at ?? 0
  const end = Math.max(1, stream.status === 'open' ? Math.max(newest, Date.now() - stream.created) : newest)
  const lanes = lanesOf(stream.timeline, end)
  return (
    <figure className="axis" dir="ltr" role="img" aria-label={texts.timelineOf(lanes.length, format.time(end))}>
      {lanes.map((lane, i) => (
        <LaneRow key={i} lane={lane} end={end} />
      ))}
      <div className="ticks">
        {ticks(end).map((at) => (
          <span key={at} style={{ left: `${(at / end) * 100}%` }}>
            {format.time(at)}
          </span>
        ))}
      </div>
      <ul className="legend">
        {(['dial', 'quiet', 'flow'] as const).map((kind) => (
          <li key={kind}>
            <i className="part" data-kind={kind} />
            {texts[kind]}
          </li>
        ))}
      </ul>
    </figure>
  )
}

function LaneRow({ lane, end }: { readonly lane: Lane; readonly end: number }): ReactNode {
  const texts = useOperatorTexts()
  const { provider, model, mode, parts, seam, failure } = lane
  const place = (at: number): string => `${Math.min(100, (at / end) * 100)}%`
  return (
    <div className="lane">
      <p>
        <bdi className="truncate">{model === '' ? provider : `${provider} / ${model}`}</bdi>
        {mode !== '' && <span className="badge">{mode}</span>}
        {failure !== undefined && (
          <span className="text-danger">
            {texts.kinds[kindOf(failure.code)]} · {failure.code}
          </span>
        )}
      </p>
      <div className="track">
        {parts.map(({ kind, from, to }) => (
          <i
            key={from}
            className="part"
            data-kind={kind}
            style={{ left: place(from), width: `max(2px, ${((to - from) / end) * 100}%)` }}
          />
        ))}
        {seam !== undefined && <i className="mark" data-kind="seam" style={{ left: place(seam) }} />}
        {failure !== undefined && (
          <i className="mark" data-kind="failure" style={{ left: place(failure.at) }}>
            ×
          </i>
        )}
      </div>
    </div>
  )
}

function Events({ timeline }: { readonly timeline: readonly TimelineEvent[] }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  return (
    <section>
      <h3 className="mb-2 text-sm text-quiet">{chat.timeline}</h3>
      <ol className="timeline">
        {timeline.map((event, i) => (
          <li key={i} data-type={event.type}>
            <span className="tabular-nums">{format.time(event.at)}</span>
            <strong>{texts.events[event.type] ?? event.type}</strong>
            <span className="text-quiet">{wordsOf(event, texts, format.time)}</span>
          </li>
        ))}
      </ol>
    </section>
  )
}

/** What an event says of itself, without what its name says already. */
function wordsOf({ type, facts }: TimelineEvent, texts: OperatorTexts, time: (ms: number) => string): string {
  if (type === 'seam') return texts.seamOf(textOf(facts['mode']), numberOf(facts['overlap']))
  if (type === 'attempt') {
    const target = [textOf(facts['provider']), textOf(facts['model'])].filter((each) => each !== '').join(' / ')
    return [target, textOf(facts['mode'])].filter((each) => each !== '').join(', ')
  }
  return Object.entries(facts)
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number')
    .map(([name, value]) => {
      if (name === 'silent') return texts.idle(time(numberOf(value)))
      return name === 'message' || name === 'code' || name === 'outcome' ? String(value) : `${name} ${String(value)}`
    })
    .join(', ')
}

import { useEffect, useRef, useState, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { nameColumn, numberColumn } from './columns.tsx'
import { useFormat, useKeyName } from './format.ts'
import { ratesOf, type Rates, type Sample } from './rates.ts'
import { Table, type Column } from './table.tsx'
import { useOperatorTexts } from './texts/use-texts.ts'
import type { OpenStream, Overview } from './wire.ts'
import type { Key } from './wire-keys.ts'

/** Silence that is worth a word, in milliseconds. */
const SILENT_MS = 2_000
/** A rate is that of so long, in milliseconds. */
const RATE_MS = 4_000

/** The streams that are being produced, live. */
export function OpenStreams(props: {
  readonly overview: Overview
  readonly rates: Rates
  readonly keys: readonly Key[] | undefined
  readonly onShow: (id: string) => void
  readonly onCancel: (id: string) => void
}): ReactNode {
  const { overview, rates, keys, onShow, onCancel } = props
  const texts = useOperatorTexts()
  const columns = useColumns(rates, keys, onShow, onCancel)
  return (
    <>
      {overview.open.length < overview.streams && (
        <p className="hint">{texts.showing(overview.open.length, overview.streams)}</p>
      )}
      <Table
        caption={texts.open}
        columns={columns}
        rows={overview.open}
        keyOf={({ id }) => id}
        empty={texts.noneOpen}
        sortedBy={8}
      />
    </>
  )
}

function useColumns(
  rates: Rates,
  keys: readonly Key[] | undefined,
  onShow: (id: string) => void,
  onCancel: (id: string) => void,
): readonly Column<OpenStream>[] {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const nameOf = useKeyName(keys)
  const rateOf = ({ id }: OpenStream): number => Math.round(rates.get(id) ?? 0)
  return [
    { title: texts.id, cell: ({ id }) => <StreamButton id={id} onShow={onShow} /> },
    nameColumn(texts.key, ({ key }) => nameOf(key), { hint: ({ key }) => key }),
    nameColumn(chat.model, ({ model }) => model),
    nameColumn(texts.target, targetOf, { isQuiet: true }),
    {
      title: texts.state,
      by: ({ state, idle }) => `${state} ${String(Math.floor(idle)).padStart(9, '0')}`,
      cell: (stream) => <State stream={stream} />,
    },
    numberColumn(texts.attempts, ({ attempts }) => attempts, format.number),
    { ...numberColumn(texts.chunks, ({ chunks }: OpenStream) => chunks, format.number), hint: texts.chunksHint },
    numberColumn(texts.rate, rateOf, format.number),
    numberColumn(texts.age, ({ age }) => age, format.time),
    numberColumn(texts.readers, ({ readers }) => readers, format.number),
    {
      title: texts.actions,
      cell: ({ id }) => (
        <button
          type="button"
          className="small danger"
          aria-label={`${texts.cancelStream} ${id}`}
          onClick={() => onCancel(id)}
        >
          {texts.cancelStream}
        </button>
      ),
    },
  ]
}

function targetOf({ provider, targetModel }: OpenStream): string {
  return targetModel === undefined ? provider : `${provider} / ${targetModel}`
}

/** A stream by its id, and the way to what happened to it. */
export function StreamButton({
  id,
  onShow,
}: {
  readonly id: string
  readonly onShow: (id: string) => void
}): ReactNode {
  return (
    <button type="button" className="stream-id" title={id} onClick={() => onShow(id)}>
      {id}
    </button>
  )
}

function State({ stream }: { readonly stream: OpenStream }): ReactNode {
  const texts = useOperatorTexts()
  const format = useFormat()
  const { state, idle, rescued } = stream
  const isSilent = idle >= SILENT_MS
  return (
    <span className="state" data-state={isSilent && state === 'streaming' ? 'silent' : state}>
      {isSilent && state === 'streaming' ? texts.idle(format.time(idle)) : (texts.states[state] ?? state)}
      {isSilent && state !== 'streaming' && <small>{format.time(idle)}</small>}
      {rescued && <span className="badge">{texts.rescued}</span>}
    </span>
  )
}

const NONE: Rates = new Map()

/** How fast streams are, from one look at them to the next. */
export function useRates(overview: Overview | undefined): Rates {
  const samples = useRef<readonly Sample[]>([])
  const [rates, setRates] = useState(NONE)
  useEffect(() => {
    if (overview === undefined) return
    const { now, open } = overview
    const newest = { now, chunks: new Map(open.map(({ id, chunks }) => [id, chunks])) }
    samples.current = [...samples.current.filter((each) => now - each.now <= RATE_MS && each.now < now), newest]
    setRates(ratesOf(samples.current))
  }, [overview])
  return rates
}

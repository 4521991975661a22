import { useState, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { useHeard } from './ask.ts'
import { nameColumn, numberColumn } from './columns.tsx'
import { useFormat, useKeyName } from './format.ts'
import { StreamButton } from './open-streams.tsx'
import { Cost, Outcome } from './stream-dialog.tsx'
import { Table, type Column } from './table.tsx'
import { useOperatorTexts } from './texts/use-texts.ts'
import { readStreams, type Stream } from './wire.ts'
import type { Key } from './wire-keys.ts'

const LOOK_MS = 3_000
const MOST = 100

/** The streams that ended last, narrowed to what one looks for. */
export function EndedStreams(props: {
  readonly keys: readonly Key[] | undefined
  readonly onShow: (id: string) => void
}): ReactNode {
  const { keys, onShow } = props
  const texts = useOperatorTexts()
  const chat = useTexts()
  const [filter, setFilter] = useState({ status: 'ended', key: '', model: '', rescued: false })
  const { data } = useHeard(pathOf(filter), readStreams, LOOK_MS)
  const columns = useColumns(keys, onShow)
  // Every model that was seen, not only those that the filter leaves.
  const everything = useHeard(`/admin/v1/streams?status=ended&limit=${MOST}`, readStreams, 10_000).data
  const models = [...new Set([filter.model, ...(everything ?? []).map(({ model }) => model)])].filter((m) => m !== '')
  return (
    <>
      <div className="filters">
        <Choice
          label={texts.outcome}
          value={filter.status}
          options={['ended', 'completed', 'failed', 'cancelled'].map((each) => [
            each,
            each === 'ended' ? texts.all : (texts.outcomes[each] ?? each),
          ])}
          onChoose={(status) => setFilter({ ...filter, status })}
        />
        <Choice
          label={texts.key}
          value={filter.key}
          options={[['', texts.all], ...(keys ?? []).map(({ id, name }) => [id, name] as const)]}
          onChoose={(key) => setFilter({ ...filter, key })}
        />
        <Choice
          label={chat.model}
          value={filter.model}
          options={[['', texts.all], ...models.toSorted().map((each) => [each, each] as const)]}
          onChoose={(model) => setFilter({ ...filter, model })}
        />
        <label className="check">
          <input
            type="checkbox"
            checked={filter.rescued}
            onChange={(event) => setFilter({ ...filter, rescued: event.target.checked })}
          />
          {texts.onlyRescued}
        </label>
      </div>
      <Table
        caption={texts.ended}
        columns={columns}
        rows={data ?? []}
        keyOf={({ id }) => id}
        empty={data === undefined ? '…' : texts.noneEnded}
      />
    </>
  )
}

/** A choice of one of a few, with its label beside it. */
export function Choice(props: {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, text: string])[]
  readonly onChoose: (value: string) => void
}): ReactNode {
  return (
    <label className="choice">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChoose(event.target.value)}>
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  )
}

function useColumns(keys: readonly Key[] | undefined, onShow: (id: string) => void): readonly Column<Stream>[] {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const format = useFormat()
  const nameOf = useKeyName(keys)
  return [
    { title: texts.id, cell: ({ id }) => <StreamButton id={id} onShow={onShow} /> },
    {
      title: texts.outcome,
      by: ({ status }) => status,
      cell: (stream) => (
        <span className="flex flex-wrap items-center gap-1.5">
          <Outcome status={stream.status} />
          {stream.rescued && <span className="badge">{texts.rescued}</span>}
        </span>
      ),
    },
    nameColumn(texts.error, ({ error }) => error?.code ?? '—', {
      hint: ({ error }) => error?.message ?? '',
      isQuiet: true,
    }),
    nameColumn(texts.key, ({ key }) => nameOf(key), { hint: ({ key }) => key }),
    nameColumn(chat.model, ({ model }) => model),
    nameColumn(texts.target, ({ provider }) => provider, { isQuiet: true }),
    numberColumn(texts.attempts, ({ attempts }) => attempts, format.number),
    numberColumn(texts.firstToken, ({ ttft }) => ttft, format.time),
    numberColumn(texts.took, ({ duration }) => duration, format.time),
    numberColumn(texts.tokens, ({ charge }) => charge?.output, format.number),
    {
      title: texts.cost,
      by: ({ charge }) => charge?.dollars ?? -1,
      isNumber: true,
      cell: ({ charge }) => <Cost charge={charge} />,
    },
    numberColumn(texts.began, ({ created }) => created, format.clock),
  ]
}

function pathOf(filter: {
  readonly status: string
  readonly key: string
  readonly model: string
  readonly rescued: boolean
}): string {
  const query = new URLSearchParams({ status: filter.status, limit: String(MOST) })
  if (filter.key !== '') query.set('key', filter.key)
  if (filter.model !== '') query.set('model', filter.model)
  if (filter.rescued) query.set('rescued', 'true')
  return `/admin/v1/streams?${query}`
}

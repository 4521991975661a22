import { useState, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { ask } from './ask.ts'
import { nameColumn, numberColumn } from './columns.tsx'
import { useFormat } from './format.ts'
import { IssueDialog, RotateDialog, SecretDialog } from './key-dialogs.tsx'
import { Use } from './providers.tsx'
import { SureDialog } from './sure-dialog.tsx'
import { Table, type Column } from './table.tsx'
import { useOperatorTexts } from './texts/use-texts.ts'
import type { Key } from './wire-keys.ts'

/** What is being done to a key. */
type Doing =
  | { readonly type: 'issue' }
  | { readonly type: 'rotate' | 'revoke'; readonly key: Key }
  | { readonly type: 'secret'; readonly secret: string }

/** Who may call: keys, what they may use, and ways to make, replace and end them. */
export function Keys({ keys, onChange }: { readonly keys: readonly Key[]; readonly onChange: () => void }): ReactNode {
  const texts = useOperatorTexts()
  const [doing, setDoing] = useState<Doing>()
  const [withRevoked, setWithRevoked] = useState(false)
  const close = (): void => setDoing(undefined)
  const columns = useColumns(setDoing)
  const shown = keys.filter(({ status }) => withRevoked || status !== 'revoked')
  const onSecret = (secret: string): void => {
    onChange()
    setDoing({ type: 'secret', secret })
  }
  return (
    <>
      <div className="filters">
        <button type="button" className="button primary" onClick={() => setDoing({ type: 'issue' })}>
          {texts.newKey}
        </button>
        {keys.some(({ status }) => status === 'revoked') && (
          <label className="check">
            <input type="checkbox" checked={withRevoked} onChange={(event) => setWithRevoked(event.target.checked)} />
            {texts.showRevoked}
          </label>
        )}
      </div>
      <Table caption={texts.keys} columns={columns} rows={shown} keyOf={({ id }) => id} empty={texts.noKeys} />
      {doing?.type === 'issue' && <IssueDialog isFirst={keys.length === 0} onSecret={onSecret} onClose={close} />}
      {doing?.type === 'rotate' && <RotateDialog of={doing.key} onSecret={onSecret} onClose={close} />}
      {doing?.type === 'secret' && <SecretDialog secret={doing.secret} onClose={close} />}
      {doing?.type === 'revoke' && <RevokeDialog of={doing.key} onChange={onChange} onClose={close} />}
    </>
  )
}

function RevokeDialog(props: {
  readonly of: Key
  readonly onChange: () => void
  readonly onClose: () => void
}): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const { of, onChange, onClose } = props
  return (
    <SureDialog
      title={texts.revoke}
      question={texts.revokeAsk(of.name)}
      doIt={texts.revoke}
      dontDoIt={chat.cancel}
      onDo={() => ask(`/admin/v1/keys/${encodeURIComponent(of.id)}/revoke`, {}).then(onChange)}
      onClose={onClose}
    />
  )
}

function useColumns(onDo: (doing: Doing) => void): readonly Column<Key>[] {
  const texts = useOperatorTexts()
  const format = useFormat()
  return [
    {
      title: texts.name,
      by: ({ name }) => name,
      cell: ({ id, name, scope }) => (
        <span className="flex min-w-0 items-baseline gap-1.5">
          <bdi className="name" title={`${name} ${id}`}>
            {name}
          </bdi>
          {scope === 'admin' && <span className="badge">{texts.admin}</span>}
        </span>
      ),
    },
    {
      title: texts.status,
      by: ({ status }) => status,
      cell: ({ status }) => (
        <span className="state" data-state={`key-${status}`}>
          {texts.statuses[status] ?? status}
        </span>
      ),
    },
    nameColumn(texts.models, ({ models }) => models?.join(', ') ?? texts.allModels, { isQuiet: true }),
    numberColumn(texts.perMinute, (key) => key.requestsPerMinute, format.compact),
    numberColumn(texts.tokensPerMinute, (key) => key.tokensPerMinute, format.compact),
    numberColumn(texts.atOnce, (key) => key.maxConcurrent, format.compact),
    {
      title: texts.budget,
      by: ({ spent }) => (spent === undefined ? -1 : spent.dollars / spent.of),
      isNumber: true,
      cell: ({ spent, budget }) =>
        spent === undefined ? (
          <span className="quiet">—</span>
        ) : (
          <>
            <Use title={texts.budget} used={spent.dollars} of={spent.of} write={format.dollars} />{' '}
            <small className="quiet">{texts.periods[budget?.split('/')[1] ?? ''] ?? ''}</small>
          </>
        ),
    },
    {
      title: texts.expires,
      by: ({ expires }) => expires ?? Infinity,
      isNumber: true,
      cell: ({ expires }) => (expires === undefined ? texts.never : format.day(expires)),
    },
    { title: texts.actions, cell: (key) => <KeyActions of={key} onDo={onDo} /> },
  ]
}

function KeyActions({ of, onDo }: { readonly of: Key; readonly onDo: (doing: Doing) => void }): ReactNode {
  const texts = useOperatorTexts()
  if (of.status === 'revoked') return null
  return (
    <span className="flex gap-1.5">
      <button
        type="button"
        className="small"
        aria-label={`${texts.rotate}: ${of.name}`}
        onClick={() => onDo({ type: 'rotate', key: of })}
      >
        {texts.rotate}
      </button>
      <button
        type="button"
        className="small danger"
        aria-label={`${texts.revoke}: ${of.name}`}
        onClick={() => onDo({ type: 'revoke', key: of })}
      >
        {texts.revoke}
      </button>
    </span>
  )
}

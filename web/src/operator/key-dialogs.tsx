import { useState, type ReactNode } from 'react'
import { CopyButton } from '../parts/copy-button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { useTexts } from '../preferences.tsx'
import { signIn } from '../session.ts'
import { ask, Refusal } from './ask.ts'
import { textOf } from './fields.ts'
import { specOf } from './key-spec.ts'
import { useOperatorTexts } from './texts/use-texts.ts'
import { readIssued, type Key } from './wire-keys.ts'

/** Makes a key. The first one is an admin's, and the page goes on with it. */
export function IssueDialog(props: {
  readonly isFirst: boolean
  readonly onSecret: (secret: string) => void
  readonly onClose: () => void
}): ReactNode {
  const { isFirst, onSecret, onClose } = props
  const texts = useOperatorTexts()
  const [scope, setScope] = useState(isFirst ? 'admin' : 'caller')
  const issue = async (form: FormData): Promise<void> => {
    const secret = readIssued(await ask('/admin/v1/keys', specOf(form, scope)))
    // From now on a key is needed: this page would be shut out by the key it has just made.
    if (isFirst && secret !== undefined) await signIn(secret)
    onSecret(secret ?? '')
  }
  return (
    <Dialog title={texts.newKey} onClose={onClose}>
      <KeyForm doIt={texts.create} onDo={issue} onClose={onClose}>
        {isFirst && <p className="hint">{texts.firstKey}</p>}
        <div className="grid grid-cols-2 gap-4">
          <Field name="name" label={texts.name} isRequired />
          <label className="field">
            <span>{texts.kind}</span>
            <select value={scope} disabled={isFirst} onChange={(event) => setScope(event.target.value)}>
              <option value="caller">{texts.caller}</option>
              <option value="admin">{texts.admin}</option>
            </select>
          </label>
        </div>
        {scope === 'caller' && <CallerFields />}
        <Field name="expires" label={texts.expires} hint={texts.expiresHint} />
      </KeyForm>
    </Dialog>
  )
}

function CallerFields(): ReactNode {
  const texts = useOperatorTexts()
  return (
    <>
      <Field name="models" label={texts.models} hint={texts.modelsHint} />
      <div className="grid grid-cols-3 gap-4">
        <Field name="requests" label={texts.perMinute} isCount />
        <Field name="tokens" label={texts.tokensPerMinute} isCount />
        <Field name="concurrent" label={texts.atOnce} isCount />
      </div>
      <div className="grid grid-cols-2 gap-4">
        <Field name="budget" label={texts.budget} hint={texts.budgetHint} />
        <label className="field">
          <span>{texts.range}</span>
          <select name="period" defaultValue="month">
            {['day', 'month', 'total'].map((period) => (
              <option key={period} value={period}>
                {texts.periods[period] ?? period}
              </option>
            ))}
          </select>
        </label>
      </div>
    </>
  )
}

/** Gives a key another secret. */
export function RotateDialog(props: {
  readonly of: Key
  readonly onSecret: (secret: string) => void
  readonly onClose: () => void
}): ReactNode {
  const { of, onSecret, onClose } = props
  const texts = useOperatorTexts()
  const rotate = async (form: FormData): Promise<void> => {
    const path = `/admin/v1/keys/${encodeURIComponent(of.id)}/rotate`
    onSecret(readIssued(await ask(path, { overlap: textOf(form.get('overlap')) })) ?? '')
  }
  return (
    <Dialog title={texts.rotate} onClose={onClose}>
      <KeyForm doIt={texts.rotate} onDo={rotate} onClose={onClose}>
        <p className="[overflow-wrap:anywhere]">{texts.rotateAsk(of.name)}</p>
        <label className="field">
          <span>{texts.overlap}</span>
          <select name="overlap" defaultValue="1h">
            {['0s', '1h', '24h'].map((overlap) => (
              <option key={overlap} value={overlap}>
                {texts.overlaps[overlap] ?? overlap}
              </option>
            ))}
          </select>
        </label>
      </KeyForm>
    </Dialog>
  )
}

/** Shows a key, this once. */
export function SecretDialog({
  secret,
  onClose,
}: {
  readonly secret: string
  readonly onClose: () => void
}): ReactNode {
  const texts = useOperatorTexts()
  return (
    <Dialog title={texts.newKey} onClose={onClose}>
      <div className="space-y-4 px-5 pb-5">
        <p>{texts.shownOnce}</p>
        <p className="secret" dir="ltr">
          <code>{secret}</code>
          <CopyButton text={secret} />
        </p>
        <footer className="flex justify-end">
          <button type="button" className="button primary" onClick={onClose}>
            {texts.done}
          </button>
        </footer>
      </div>
    </Dialog>
  )
}

function KeyForm(props: {
  readonly doIt: string
  readonly onDo: (form: FormData) => Promise<void>
  readonly onClose: () => void
  readonly children: ReactNode
}): ReactNode {
  const { doIt, onDo, onClose, children } = props
  const texts = useOperatorTexts()
  const chat = useTexts()
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const go = async (form: FormData): Promise<void> => {
    setBusy(true)
    setTrouble(undefined)
    try {
      await onDo(form)
    } catch (thrown) {
      setTrouble(thrown instanceof Refusal ? thrown.message : String(thrown))
      setBusy(false)
    }
  }
  return (
    <form
      className="space-y-4 px-5 pb-5"
      onSubmit={(event) => {
        event.preventDefault()
        void go(new FormData(event.currentTarget))
      }}
    >
      {children}
      {trouble !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {texts.couldNot(trouble)}
        </p>
      )}
      <footer className="flex justify-end gap-2">
        <button type="button" className="button" onClick={onClose}>
          {chat.cancel}
        </button>
        <button type="submit" className="button primary" disabled={isBusy}>
          {doIt}
        </button>
      </footer>
    </form>
  )
}

function Field(props: {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly isRequired?: boolean
  readonly isCount?: boolean
}): ReactNode {
  const { name, label, hint, isRequired = false, isCount = false } = props
  const texts = useOperatorTexts()
  return (
    <label className="field">
      <span>{label}</span>
      <input
        name={name}
        required={isRequired}
        autoComplete="off"
        spellCheck={false}
        dir="auto"
        {...(isCount ? { type: 'number', min: 1, step: 1, placeholder: texts.noLimit } : {})}
      />
      {hint !== undefined && <small className="quiet">{hint}</small>}
    </label>
  )
}

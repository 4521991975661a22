import { useEffect, useState, type ReactNode } from 'react'
import { useTexts } from '../preferences.tsx'
import { askSession, signIn, signOut, type LoginFailure, type Session } from '../session.ts'
import { OperatorPage } from './operator-page.tsx'
import { OperatorTextsContext, useLoadedTexts, useOperatorTexts } from './texts/use-texts.ts'

/** The operator's page for whoever may use it: the local user where there is no key, else the holder of an admin key. */
export function OperatorGate(): ReactNode {
  const texts = useLoadedTexts()
  const [session, setSession] = useState<Session>()
  useEffect(() => {
    let isCurrent = true
    void askSession().then((answer) => isCurrent && setSession(answer))
    return () => {
      isCurrent = false
    }
  }, [])
  if (session === undefined) return null
  return (
    <OperatorTextsContext value={texts}>
      {!session.keyed || session.admin ? <OperatorPage /> : <Login session={session} />}
    </OperatorTextsContext>
  )
}

function Login({ session }: { readonly session: Session }): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  return (
    <main className="flex h-dvh items-center justify-center overflow-y-auto p-4">
      <div className="sheet">
        <p className="text-sm text-quiet">Sluice · {texts.title}</p>
        <h1 className="text-2xl font-semibold tracking-tight">{chat.signIn}</h1>
        {session.caller !== undefined && (
          <p className="mt-4 text-sm text-danger [overflow-wrap:anywhere]">
            {texts.notAdmin(session.name ?? session.caller)}{' '}
            <button type="button" className="link" onClick={() => void signOut()}>
              {chat.signOut}
            </button>
          </p>
        )}
        <LoginForm />
      </div>
    </main>
  )
}

function LoginForm(): ReactNode {
  const texts = useOperatorTexts()
  const chat = useTexts()
  const [failure, setFailure] = useState<LoginFailure>()
  const [isAsking, setAsking] = useState(false)
  const enter = async (form: FormData): Promise<void> => {
    const key = form.get('key')
    if (typeof key !== 'string' || key.trim() === '') return
    setAsking(true)
    const failed = await signIn(key.trim())
    setAsking(false)
    setFailure(failed)
    // A page that begins anew has nothing of the key in it.
    if (failed === undefined) location.reload()
  }
  const said = { refused: chat.keyRefused, unreachable: chat.unreachable, insecure: chat.sessionNeedsHttps }
  return (
    <form
      className="mt-6 space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        void enter(new FormData(event.currentTarget))
      }}
    >
      <p>{texts.adminKeyHint}</p>
      <label className="field">
        <span>{chat.apiKey}</span>
        <input
          name="key"
          type="password"
          autoComplete="current-password"
          spellCheck={false}
          required
          autoFocus
          dir="ltr"
          placeholder="sk-sluice-admin-…"
        />
      </label>
      {failure !== undefined && (
        <p role="alert" className="text-sm text-danger">
          {said[failure]}
        </p>
      )}
      <button type="submit" className="button primary w-full" disabled={isAsking}>
        {chat.signIn}
      </button>
      <p className="text-sm text-quiet">{chat.keyHint}</p>
    </form>
  )
}

import { useEffect, useState, type ReactNode } from 'react'
import { App } from './app.tsx'
import { useTexts } from './preferences.tsx'
import { askSession, signIn, signOut, type LoginFailure, type Session } from './session.ts'

/** The page for whoever may use it; for everybody else, a way to say who they are. */
export function Gate(): ReactNode {
  const [session, setSession] = useState<Session>()
  useEffect(() => {
    let isCurrent = true
    void askSession().then((answer) => isCurrent && setSession(answer))
    return () => {
      isCurrent = false
    }
  }, [])
  if (session === undefined) return null
  if (!session.keyed) return <App />
  if (session.caller === undefined) return <Login />
  return session.admin ? <AdminOnly name={session.name} /> : <App />
}

function Login(): ReactNode {
  const texts = useTexts()
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
  const said = { refused: texts.keyRefused, unreachable: texts.unreachable, insecure: texts.sessionNeedsHttps }
  return (
    <Sheet title={texts.signIn}>
      <form
        className="mt-6 space-y-4"
        onSubmit={(event) => {
          event.preventDefault()
          void enter(new FormData(event.currentTarget))
        }}
      >
        <p>{texts.signInHint}</p>
        <label className="field">
          <span>{texts.apiKey}</span>
          <input
            name="key"
            type="password"
            autoComplete="current-password"
            spellCheck={false}
            required
            autoFocus
            dir="ltr"
            placeholder="sk-sluice-…"
            aria-describedby="key-hint"
          />
        </label>
        {failure !== undefined && (
          <p role="alert" className="text-sm text-danger">
            {said[failure]}
          </p>
        )}
        <button type="submit" className="button primary w-full" disabled={isAsking}>
          {texts.signIn}
        </button>
        <p id="key-hint" className="text-sm text-quiet">
          {texts.keyHint}
        </p>
      </form>
    </Sheet>
  )
}

function AdminOnly({ name }: { readonly name: string | undefined }): ReactNode {
  const texts = useTexts()
  return (
    <Sheet title={name ?? texts.signIn}>
      <p className="mt-4 mb-6">{texts.adminOnly}</p>
      <a className="button primary mb-3 block text-center" href="/streams">
        {texts.operatorPage}
      </a>
      <button type="button" className="button w-full" onClick={() => void signOut()}>
        {texts.signOut}
      </button>
    </Sheet>
  )
}

function Sheet({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactNode {
  return (
    <main className="flex h-dvh items-center justify-center overflow-y-auto p-4">
      <div className="sheet">
        <p className="text-sm text-quiet">Sluice</p>
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {children}
      </div>
    </main>
  )
}

import { useEffect, useState, type ReactNode } from 'react'
import { useTexts } from './preferences.tsx'
import { askSession, signIn, type LoginFailure, type Session } from './session.ts'

/** Who is signed in; `undefined` until the gateway has said so. */
export function useSession(): Session | undefined {
  const [session, setSession] = useState<Session>()
  useEffect(() => {
    let isCurrent = true
    void askSession().then((answer) => isCurrent && setSession(answer))
    return () => {
      isCurrent = false
    }
  }, [])
  return session
}

/** What a login form says: which key is wanted, and what one looks like. */
interface LoginFormProps {
  readonly hint: string
  readonly example: string
}

/** Asks for a key, once: the page that begins anew has a session and no key. */
export function LoginForm({ hint, example }: LoginFormProps): ReactNode {
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
    <form
      className="mt-6 space-y-4"
      onSubmit={(event) => {
        event.preventDefault()
        void enter(new FormData(event.currentTarget))
      }}
    >
      <p>{hint}</p>
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
          placeholder={example}
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
  )
}

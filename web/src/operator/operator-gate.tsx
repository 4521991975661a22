import type { ReactNode } from 'react'
import { LoginForm, useSession } from '../login-form.tsx'
import { useTexts } from '../preferences.tsx'
import { signOut, type Session } from '../session.ts'
import { OperatorPage } from './operator-page.tsx'
import { OperatorTextsContext, useLoadedTexts, useOperatorTexts } from './texts/use-texts.ts'

/** The operator's page for whoever may use it: the local user where there is no key, else the holder of an admin key. */
export function OperatorGate(): ReactNode {
  const texts = useLoadedTexts()
  const session = useSession()
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
        <LoginForm hint={texts.adminKeyHint} example="sk-sluice-admin-…" />
      </div>
    </main>
  )
}

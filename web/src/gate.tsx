import type { ReactNode } from 'react'
import { App } from './app.tsx'
import { LoginForm, useSession } from './login-form.tsx'
import { useTexts } from './preferences.tsx'
import { signOut } from './session.ts'

/** The page for whoever may use it; for everybody else, a way to say who they are. */
export function Gate(): ReactNode {
  const session = useSession()
  if (session === undefined) return null
  if (!session.keyed) return <App />
  if (session.caller === undefined) return <Login />
  return session.admin ? <AdminOnly name={session.name} /> : <App />
}

function Login(): ReactNode {
  const texts = useTexts()
  return (
    <Sheet title={texts.signIn}>
      <LoginForm hint={texts.signInHint} example="sk-sluice-…" />
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

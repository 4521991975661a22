/** Who this browser is to the gateway (`GET /session`). */
export interface Session {
  /** A key is asked for. */
  readonly keyed: boolean
  /** Whose session this is; `undefined` without one. */
  readonly caller: string | undefined
  readonly name: string | undefined
  /** It is an admin key's, which calls no models. */
  readonly admin: boolean
}

const OPEN: Session = { keyed: false, caller: undefined, name: undefined, admin: false }

let known: Session = OPEN

/** The session that the page was opened with. */
export function currentSession(): Session {
  return known
}

/** Asks the gateway. One that is away, or older than sessions, is treated as open: what is asked of it says more. */
export async function askSession(): Promise<Session> {
  const answer: unknown = await fetch('/session')
    .then((response) => (response.ok ? response.json() : undefined))
    .catch(() => undefined)
  known = readSession(answer)
  return known
}

/** Why a login failed. */
export type LoginFailure = 'refused' | 'unreachable' | 'insecure'

/** Gives a key to the gateway, for a cookie that no script can read. The key is kept nowhere here. */
export async function signIn(key: string): Promise<LoginFailure | undefined> {
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(loginOf(key)),
  }).catch(() => undefined)
  if (response === undefined) return 'unreachable'
  if (response.ok) return undefined
  return response.status === 403 ? 'insecure' : response.status < 500 ? 'refused' : 'unreachable'
}

/** Ends the session and shows the page as it is for strangers. */
export async function signOut(): Promise<void> {
  await fetch('/session', { method: 'DELETE' }).catch(() => undefined)
  location.reload()
}

/** Conversations are kept for each caller apart: another one's on the same machine are nobody else's. */
export function databaseName(): string {
  return known.caller === undefined ? 'sluice' : `sluice ${known.caller}`
}

/** A key, or a client's key id and secret with a colon between them. */
function loginOf(text: string): object {
  const [keyId = '', ...secret] = text.split(':')
  return secret.length === 0 ? { key: text } : { keyId, secret: secret.join(':') }
}

function readSession(answer: unknown): Session {
  if (typeof answer !== 'object' || answer === null) return OPEN
  const { keyed, caller, name, admin }: Readonly<Record<string, unknown>> = { ...answer }
  return {
    keyed: keyed === true,
    caller: typeof caller === 'string' ? caller : undefined,
    name: typeof name === 'string' ? name : undefined,
    admin: admin === true,
  }
}

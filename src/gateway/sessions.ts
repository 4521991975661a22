import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { MacKey } from './clients.ts'
import type { GatewayContext } from './context.ts'
import type { Call } from './http.ts'

/** The cookie of the page. */
const NAME = 'sluice_session'
/** A session ends after so long, whatever happens, in seconds. */
const LONGEST = 12 * 60 * 60

/** What somebody shows to begin a session: a key, or a client's key id and secret. */
export type Login = { readonly key: string } | { readonly keyId: string; readonly secret: string }

/** Whose session it is: a key's, or a client's, whose token the cookie is. */
export type Session =
  | { readonly type: 'key'; readonly record: KeyRecord }
  | { readonly type: 'client'; readonly authorization: string }

/** Who may call. */
type Callers = Pick<GatewayContext, 'keys' | 'clients'>

/**
 * Sessions of the page, which has no key: a cookie that no script can read, sent only with what the page
 * itself asks for. For a key it says what the key is stored by, and is signed; so it ends when the key is
 * revoked, expires or is replaced. For a client it is the token that the client gets elsewhere too.
 */
export class Sessions {
  readonly #key: (() => MacKey) | undefined
  readonly #clock: Clock

  /** `key`: signs sessions, for nothing else. Without it there are none of keys. */
  constructor(key: (() => MacKey) | undefined, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  /** The `Set-Cookie` of a new session. Throws what is wrong with the login, `permission_denied` for another site's. */
  begin({ keys, clients }: Callers, call: Call, login: Login): string {
    refuseOthers(call)
    if ('keyId' in login) {
      const issued = clients.issue(login.keyId, login.secret)
      if (issued === undefined)
        throw new SluiceError('invalid_api_key', 'There is no client with this key id and secret')
      return cookie(call, `c.${issued.token}`, Math.min(issued.expiresIn, LONGEST))
    }
    keys.admit(login.key)
    const stored = keys.book.storedAs(login.key)
    if (stored === undefined || this.#key === undefined) {
      throw new SluiceError('invalid_api_key', 'This gateway begins no sessions with keys')
    }
    const signed = `k.${stored}.${Math.floor(this.#clock.date() / 1_000) + LONGEST}`
    return cookie(call, `${signed}.${this.#key().sign(signed)}`, LONGEST)
  }

  /** The `Set-Cookie` that ends a session. Throws `permission_denied` for another site's request. */
  end(call: Call): string {
    refuseOthers(call)
    return cookie(call, '', 0)
  }

  /**
   * The session of a request; undefined without one, or when it is over. Throws `permission_denied` where
   * another page than ours sent it along, `key_revoked`, `invalid_api_key`, `log_unavailable`.
   */
  of({ keys }: Callers, call: Call): Session | undefined {
    const value = readCookie(call.req.header('cookie'))
    if (value === undefined) return undefined
    refuseOthers(call)
    if (value.startsWith('c.')) return { type: 'client', authorization: `Bearer ${value.slice(2)}` }
    const [kind, stored, until, signature, ...more] = value.split('.')
    if (kind !== 'k' || stored === undefined || signature === undefined || more.length > 0) return undefined
    if (this.#key?.().matches(`k.${stored}.${until}`, signature) !== true) return undefined
    if (Number(until) * 1_000 <= this.#clock.date()) return undefined
    return { type: 'key', record: keys.admitStored(stored) }
  }
}

/**
 * A cookie is sent along by the browser, whoever asks: only our own page's requests count. Browsers say where
 * a request is from over HTTPS and to this machine; elsewhere there is no telling, and no session.
 */
function refuseOthers(call: Call): void {
  if (call.req.header('sec-fetch-site') !== 'same-origin') {
    throw new SluiceError(
      'permission_denied',
      'A session is for the page of this gateway, over HTTPS or on this machine',
    )
  }
  const type = call.req.header('content-type')
  // What a form can send is not what the page sends.
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw new SluiceError('permission_denied', 'A session sends application/json')
  }
}

function cookie(call: Call, value: string, seconds: number): string {
  // The page's own address says whether it came over HTTPS; a proxy before us need not say so.
  const secure = call.req.header('origin')?.startsWith('https:') === true ? '; Secure' : ''
  return `${NAME}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`
}

function readCookie(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === NAME && value !== undefined && value !== '') return value
  }
  return undefined
}

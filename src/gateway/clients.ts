import type { Clock } from '../clock.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { AuthConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import { randomId } from './ids.ts'

/** A key for one purpose. */
export interface MacKey {
  /** HMAC-SHA256 of a text, in base64url. */
  sign(text: string): string
  /** Whether this is the text's signature; takes as long whether it is or not. */
  matches(text: string, signature: string): boolean
}

/** Makes the key for one purpose from a secret (HKDF-SHA256), so that no two purposes share one. */
export type DeriveKey = (secret: string, salt: string, purpose: string) => MacKey

/** A token as its client gets it. */
export interface IssuedToken {
  readonly token: string
  /** Seconds. */
  readonly expiresIn: number
}

interface Client {
  readonly secretKey: MacKey
  /** What the right secret gives under `secretKey`. The secret itself is not kept. */
  readonly secretMark: string
  readonly tokenKey: MacKey
}

/** The only header there is: an algorithm that a token names itself is one that its bearer chose. */
const HEADER = encode({ alg: 'HS256', typ: 'JWT' })
const MAX_TOKEN = 2_048

/**
 * Who may call: clients with a key id and a secret, which they exchange for tokens that expire (JWT,
 * HS256). A token is signed with a key made from its client's secret. So it needs no store, it is good on
 * every gateway with the same configuration, and it ends with its client or its client's secret.
 */
export class Clients {
  readonly #clients: ReadonlyMap<string, Client> | undefined
  readonly #nobody: Client | undefined
  readonly #lifetime: number
  readonly #clock: Clock

  /** `auth` undefined: everybody is the local user. Throws `config_invalid` where keys cannot be made. */
  constructor(auth: AuthConfig | undefined, derive: DeriveKey | undefined, clock: Clock) {
    this.#clock = clock
    this.#lifetime = Math.max(1, Math.floor((auth?.tokenLifetime ?? 0) / 1_000))
    if (auth === undefined) return
    if (derive === undefined) throw new SluiceError('config_invalid', 'auth needs a way to derive keys')
    const known = ({ keyId, secret }: AuthConfig['clients'][number]): Client => {
      const secretKey = derive(secret, keyId, 'sluice client secret v1')
      return {
        secretKey,
        secretMark: secretKey.sign(secret),
        tokenKey: derive(secret, keyId, 'sluice access token v1'),
      }
    }
    this.#clients = new Map(auth.clients.map((client) => [client.keyId, known(client)]))
    this.#nobody = known({ keyId: '', secret: randomId() })
  }

  /** Whether everybody may call. */
  get isOpen(): boolean {
    return this.#clients === undefined
  }

  /** A token for a client's secret; undefined when it is not the client's, or there is no such client. */
  issue(keyId: string, secret: string): IssuedToken | undefined {
    const client = this.#clients?.get(keyId)
    // An unknown client takes as long as a known one: which there are is nobody's business.
    const { secretKey, secretMark } = client ?? this.#nobody ?? {}
    const isRight = secretKey !== undefined && secretMark !== undefined && secretKey.matches(secret, secretMark)
    if (!isRight || client === undefined) return undefined
    const now = Math.floor(this.#clock.date() / 1_000)
    const claims = { sub: keyId, iat: now, exp: now + this.#lifetime, jti: randomId() }
    const signed = `${HEADER}.${encode(claims)}`
    return { token: `${signed}.${client.tokenKey.sign(signed)}`, expiresIn: this.#lifetime }
  }

  /**
   * Whose request it is, by its `Authorization` field: a client's key id, or `local` where everybody may
   * call. Throws `invalid_api_key`.
   */
  callerOf(authorization: string | undefined): string {
    if (this.#clients === undefined) return 'local'
    const token = /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) throw refused('A bearer token is needed')
    const keyId = this.#subjectOf(token)
    if (keyId === undefined) throw refused('The token is not valid')
    return keyId
  }

  #subjectOf(token: string): string | undefined {
    if (token.length > MAX_TOKEN) return undefined
    const [header, payload, signature, ...more] = token.split('.')
    if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined
    // Read before it is proven, for nothing but the name of the key that proves it.
    const claims = decode(payload)
    const keyId = isObject(claims) ? claims['sub'] : undefined
    const client = typeof keyId === 'string' ? this.#clients?.get(keyId) : undefined
    if (client === undefined || !client.tokenKey.matches(`${header}.${payload}`, signature)) return undefined
    const expires = isObject(claims) ? claims['exp'] : undefined
    if (typeof expires !== 'number' || this.#clock.date() >= expires * 1_000) throw refused('The token is expired')
    return typeof keyId === 'string' ? keyId : undefined
  }
}

function refused(what: string): SluiceError {
  const how = 'exchange key id and secret for one at POST /api/v1/auth/token'
  return new SluiceError('invalid_api_key', `${what}: ${how}`)
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(text: string): unknown {
  return parseJson(Buffer.from(text, 'base64url').toString())
}

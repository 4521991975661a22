import type { Clock } from '../clock.ts'
import { SluiceError } from '../errors.ts'
import { checkKey } from './credential.ts'
import { firstSet, type Environment } from './environment.ts'
import { iamCredential, type TokenFetch } from './iam.ts'
import type { Iam } from './preset.ts'
import type { Credential } from './provider.ts'

/** What a configuration may say of a key pair. */
export interface KeyPairSettings {
  /** Evolution: the id of the key pair. */
  readonly keyId?: string | undefined
  /** Evolution: its secret. */
  readonly secret?: string | undefined
  /** Evolution: the project whose models are meant; sent as `x-project-id`. */
  readonly projectId?: string | undefined
  /** Evolution: where the pair is exchanged for a token. */
  readonly tokenUrl?: string | undefined
  /** Evolution: how long an exchange may take, in milliseconds; 30 s unless told. */
  readonly tokenTimeout?: number | undefined
}

/** What an exchange of tokens needs of the world. */
export interface Means {
  readonly fetch: TokenFetch
  readonly clock: Clock
}

/** Who asks, and for which service. */
export interface KeyPairOwner {
  /** The provider's name in the configuration. */
  readonly name: string
  /** The service's name on screens. */
  readonly title: string
  readonly iam: Iam
}

/** The settings that only services with a key pair have. */
export const KEY_PAIR_FIELDS = ['keyId', 'secret', 'projectId', 'tokenUrl', 'tokenTimeout'] as const

/**
 * A key pair's credential and the header fields that go with it, from settings and environment.
 *
 * @throws SluiceError `config_invalid` that names what is missing, never a value.
 */
export function keyPair(
  { name, title, iam }: KeyPairOwner,
  settings: KeyPairSettings,
  env: Environment,
  means: Means,
): { readonly credential: Credential; readonly headers: Readonly<Record<string, string>> } {
  const read = (field: keyof Iam['env']): { name: string; value: string } | undefined => {
    const said = settings[field]
    return said === undefined || said === '' ? firstSet([iam.env[field]], env) : { name: field, value: said }
  }
  const need = (field: 'keyId' | 'secret' | 'projectId'): string => {
    const found = read(field)
    if (found === undefined) throw invalid(field, `${title} needs ${field}: set it here or $${iam.env[field]}`)
    checkKey(found.value, found.name, field)
    return found.value
  }
  const keyId = need('keyId')
  const secret = need('secret')
  const projectId = iam.needsProject || read('projectId') !== undefined ? need('projectId') : undefined
  const given = read('tokenUrl')
  const tokenUrl = given === undefined ? iam.tokenUrl : checkUrl(given.value, given.name)
  return {
    credential: iamCredential({ keyId, secret, tokenUrl, provider: name, timeoutMs: settings.tokenTimeout, ...means }),
    headers: projectId === undefined ? {} : { 'x-project-id': projectId },
  }
}

/** The URL itself is not repeated in the error: it may hold a password. */
function checkUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid(
      'tokenUrl',
      `${origin} has to be an http or https URL, such as https://iam.api.cloud.ru/api/v1/auth/token`,
    )
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('tokenUrl', `${origin} must not hold a user name or password`)
  }
  return url.href
}

function invalid(param: string, message: string): SluiceError {
  return new SluiceError('config_invalid', message, { param })
}

import { SluiceError } from '../errors.ts'
import { systemClock } from '../clock.ts'
import { keyCredential, NO_CREDENTIAL } from './credential.ts'
import { firstSet, type Environment } from './environment.ts'
import { KEY_PAIR_FIELDS, keyPair, type KeyPairSettings, type Means } from './key-pair.ts'
import { keyRing } from './key-ring.ts'
import type { Preset } from './preset.ts'
import { PRESETS } from './presets.ts'
import type { PriceTable } from './price.ts'
import type { Continuation, Credential, Provider, Quirks } from './provider.ts'

/** What the configuration says of one provider; everything unsaid comes from its preset and the environment. */
export interface ProviderSettings extends KeyPairSettings {
  readonly preset: string
  readonly baseUrl?: string | undefined
  /** One key, or several that are used in turn. Empty or absent: the preset's environment variable. */
  readonly apiKey?: string | readonly string[] | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
  readonly continuation?: Continuation | undefined
  /** Laid over the preset's, one by one. */
  readonly quirks?: Quirks | undefined
  /** What its models cost, in US dollars per million tokens; wins over every list. */
  readonly prices?: PriceTable | undefined
  /** Azure only: the deployment, which then stands in the path and makes the model's name irrelevant. */
  readonly deployment?: string | undefined
  /** Azure only: the `api-version` query parameter; needed together with `deployment`. */
  readonly apiVersion?: string | undefined
}

/** Hop-by-hop fields and those that the exchange itself decides: setting them breaks the request. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * A provider from its preset, its settings and the environment, in this order of strength: settings,
 * environment, preset.
 *
 * @param name The provider's name in the configuration.
 * @throws SluiceError `config_invalid`; `facts.param` names the setting at fault. No message holds a secret.
 *
 * @example
 * createProvider('openai', { preset: 'openai' }, process.env)
 */
export function createProvider(
  name: string,
  settings: ProviderSettings,
  env: Environment,
  means: Means = REAL_MEANS,
): Provider {
  const preset = PRESETS.get(settings.preset)
  if (preset === undefined) throw invalid('preset', `there is no preset "${settings.preset}"`)
  const baseUrl = baseUrlOf(preset, settings, env)
  const { credential, headers } = accessOf(name, preset, settings, env, means)
  const place = preset.id === 'azure' ? azurePlace(baseUrl, settings, env) : plainPlace(baseUrl, settings)
  return {
    name,
    preset: preset.id,
    baseUrl: place.baseUrl,
    credential,
    headers: { ...headers, ...headerFields(settings.headers ?? {}) },
    query: { ...place.query, ...settings.query },
    dialect: preset.dialect,
    quirks: { ...preset.quirks, ...settings.quirks },
    continuation: settings.continuation ?? preset.continuation,
  }
}

const REAL_MEANS: Means = { fetch: (url, init) => fetch(url, init), clock: systemClock }

/** What proves who sends a request: a credential, and fields that never change. */
interface ProviderAccess {
  readonly credential: Credential
  readonly headers: Readonly<Record<string, string>>
}

function accessOf(
  name: string,
  preset: Preset,
  settings: ProviderSettings,
  env: Environment,
  means: Means,
): ProviderAccess {
  const { title, iam } = preset
  if (iam !== undefined) {
    if (settings.apiKey !== undefined) throw invalid('apiKey', `${title} takes keyId and secret instead of apiKey`)
    return keyPair({ name, title, iam }, settings, env, means)
  }
  for (const field of KEY_PAIR_FIELDS) {
    if (settings[field] !== undefined) throw invalid(field, `${title} has no ${field}`)
  }
  return { credential: credentialOf(preset, settings, env), headers: {} }
}

function credentialOf(preset: Preset, settings: ProviderSettings, env: Environment): Credential {
  const given = (typeof settings.apiKey === 'string' ? [settings.apiKey] : (settings.apiKey ?? [])).filter(Boolean)
  const fromEnv = given.length > 0 ? undefined : firstSet(preset.env.key, env)
  const keys = fromEnv === undefined ? given.map((value) => ({ name: 'apiKey', value })) : [fromEnv]
  const scheme = preset.auth === 'api-key' ? 'api-key' : 'bearer'
  const credentials = keys.map(({ name, value }) => keyCredential(scheme, value, name))
  const [only] = credentials
  if (only !== undefined) return credentials.length === 1 ? only : keyRing(credentials, systemClock)
  if (preset.auth === 'none') return NO_CREDENTIAL
  throw invalid('apiKey', `${preset.title} needs an API key: set apiKey here or ${listOf(preset.env.key)}`)
}

function baseUrlOf(preset: Preset, settings: ProviderSettings, env: Environment): string {
  const fromEnv = settings.baseUrl === undefined ? firstSet(preset.env.baseUrl, env) : undefined
  const text = settings.baseUrl ?? fromEnv?.value ?? preset.baseUrl
  if (text === undefined) {
    const variables = preset.env.baseUrl.length === 0 ? '' : ` (or ${listOf(preset.env.baseUrl)})`
    throw invalid('baseUrl', `${preset.title} needs baseUrl${variables}, such as ${preset.baseUrlExample ?? ''}`)
  }
  return normalizeBaseUrl(text, fromEnv?.name ?? 'baseUrl')
}

/**
 * A base URL without what does not belong there and without a trailing slash.
 *
 * @param origin What the error names: a setting or an environment variable.
 * @throws SluiceError `config_invalid`. The URL itself is not repeated: it may hold a password.
 */
export function normalizeBaseUrl(text: string, origin: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw invalid('baseUrl', `${origin} has to be an http or https URL, such as https://llm.example.com/v1`)
  }
  if (url.username !== '' || url.password !== '') {
    throw invalid('baseUrl', `${origin} must not hold a user name or password: use apiKey or headers`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw invalid('baseUrl', `${origin} must not have a query or fragment: use query`)
  }
  // By hand and not by /\/+$/, which is quadratic on a path full of slashes.
  let end = url.pathname.length
  while (url.pathname[end - 1] === '/') end -= 1
  const path = url.pathname.slice(0, end)
  if (path.endsWith('/chat/completions')) {
    throw invalid('baseUrl', `${origin} ends with /chat/completions, which is added to it: leave that part out`)
  }
  return `${url.origin}${path}`
}

interface Place {
  readonly baseUrl: string
  readonly query: Readonly<Record<string, string>>
}

function plainPlace(baseUrl: string, settings: ProviderSettings): Place {
  for (const key of ['deployment', 'apiVersion'] as const) {
    if (settings[key] !== undefined) throw invalid(key, `${key} is for the preset azure only`)
  }
  return { baseUrl, query: {} }
}

/**
 * Azure's two ways: the v1 API, where the body's model names the deployment and no version is needed,
 * and the deployment in the path with `api-version`. A base URL that already has a path is left as it is.
 */
function azurePlace(baseUrl: string, settings: ProviderSettings, env: Environment): Place {
  const { deployment, apiVersion } = settings
  const hasPath = new URL(baseUrl).pathname !== '/'
  if (deployment === undefined) {
    const query: Place['query'] = apiVersion === undefined ? {} : { 'api-version': apiVersion }
    return { baseUrl: hasPath ? baseUrl : `${baseUrl}/openai/v1`, query }
  }
  if (hasPath) throw invalid('deployment', 'deployment goes with a baseUrl without a path')
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(deployment)) {
    throw invalid('deployment', 'deployment has to be a name of letters, digits, ".", "_" and "-"')
  }
  const version = apiVersion ?? firstSet(['OPENAI_API_VERSION'], env)?.value
  if (version === undefined) {
    throw invalid('apiVersion', 'a deployment needs apiVersion (or $OPENAI_API_VERSION), such as 2024-10-21')
  }
  return { baseUrl: `${baseUrl}/openai/deployments/${deployment}`, query: { 'api-version': version } }
}

function headerFields(fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const result = new Map<string, string>()
  for (const [field, value] of Object.entries(fields)) {
    const name = field.toLowerCase()
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) throw invalid('headers', `"${field}" is not a header field name`)
    if (RESERVED_HEADERS.has(name)) throw invalid('headers', `${name} is set by the gateway itself`)
    if (result.has(name)) throw invalid('headers', `${name} is there twice`)
    if (!/^[\x20-\x7e\t]*$/.test(value)) {
      throw invalid('headers', `the value of ${name} holds a line break, a control character or one that is not ASCII`)
    }
    result.set(name, value)
  }
  return Object.fromEntries(result)
}

function listOf(variables: readonly string[]): string {
  return variables.length === 0 ? 'a variable of your own as ${NAME}' : `$${variables.join(' or $')}`
}

function invalid(param: string, message: string): SluiceError {
  return new SluiceError('config_invalid', message, { param })
}

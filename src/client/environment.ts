import { OpenAIError } from './errors.ts'

/** Where requests go and with what key, when the caller does not say all of it. */
export interface Target {
  /** Without a trailing slash. */
  readonly baseURL: string
  readonly apiKey: string | undefined
  /** A key pair that is exchanged for tokens (Evolution). */
  readonly pair: { readonly keyId: string; readonly secret: string } | undefined
}

/** What the caller said. */
export interface TargetOptions {
  readonly baseURL?: string | null | undefined
  readonly apiKey?: string | null | undefined
  readonly keyId?: string | undefined
  readonly secret?: string | undefined
}

const OPENAI = 'https://api.openai.com/v1'

/** Services found by their key, in the order of preference; the gateway's own presets have the same rows. */
export const SERVICES: readonly (readonly [keyVariable: string, baseURL: string])[] = [
  ['MEGALLM_API_KEY', 'https://ai.megallm.io/v1'],
  ['HOLYSHEEP_API_KEY', 'https://api.holysheep.ai/v1'],
  ['OPENROUTER_API_KEY', 'https://openrouter.ai/api/v1'],
  ['DEEPSEEK_API_KEY', 'https://api.deepseek.com/beta'],
  ['GROQ_API_KEY', 'https://api.groq.com/openai/v1'],
  ['MISTRAL_API_KEY', 'https://api.mistral.ai/v1'],
  ['TOGETHER_API_KEY', 'https://api.together.xyz/v1'],
  ['XAI_API_KEY', 'https://api.x.ai/v1'],
  ['GEMINI_API_KEY', 'https://generativelanguage.googleapis.com/v1beta/openai'],
]

/** An environment variable, trimmed; `undefined` when it is not set, empty, or there is no environment. */
export function readEnv(name: string): string | undefined {
  try {
    const process: unknown = Reflect.get(globalThis, 'process')
    const env: unknown = isRecord(process) ? process['env'] : undefined
    if (isRecord(env)) return trimmed(env[name])
    const deno: unknown = Reflect.get(globalThis, 'Deno')
    const denoEnv: unknown = isRecord(deno) ? deno['env'] : undefined
    const get: unknown = isRecord(denoEnv) ? denoEnv['get'] : undefined
    return typeof get === 'function' ? trimmed(Reflect.apply(get, denoEnv, [name])) : undefined
  } catch {
    // Deno asks for a permission that may be refused.
    return undefined
  }
}

/**
 * What the caller said, completed from the environment: `SLUICE_URL` (a gateway, which wants no key or
 * `SLUICE_API_KEY`), `OPENAI_BASE_URL` and `OPENAI_API_KEY`, else the first service whose key is set.
 *
 * @throws OpenAIError when there is no key for an address that needs one.
 */
export function findTarget(options: TargetOptions): Target {
  const pair = findPair(options)
  const given = options.baseURL ?? undefined
  if (pair !== undefined) {
    const baseURL = given ?? readEnv('EVOLUTION_BASE_URL')
    if (baseURL === undefined) throw new OpenAIError('Missing `baseURL`: the address of your Evolution endpoint.')
    return { baseURL: withoutSlash(baseURL), apiKey: undefined, pair }
  }
  const apiKey = options.apiKey ?? undefined
  const gateway = readEnv('SLUICE_URL')
  if (given === undefined && apiKey === undefined && gateway !== undefined) {
    return { baseURL: gatewayBase(gateway), apiKey: readEnv('SLUICE_API_KEY'), pair: undefined }
  }
  const base = given ?? readEnv('OPENAI_BASE_URL')
  if (apiKey !== undefined) return { baseURL: withoutSlash(base ?? OPENAI), apiKey, pair: undefined }
  const key = keyFor(base) ?? readEnv('OPENAI_API_KEY')
  if (key !== undefined) return { baseURL: withoutSlash(base ?? OPENAI), apiKey: key, pair: undefined }
  if (base !== undefined && needsNoKey(base)) return { baseURL: withoutSlash(base), apiKey: undefined, pair: undefined }
  if (base === undefined) {
    for (const [variable, baseURL] of SERVICES) {
      const found = readEnv(variable)
      if (found !== undefined) return { baseURL, apiKey: found, pair: undefined }
    }
  }
  throw new OpenAIError(
    'Missing credentials. Please pass an `apiKey`, or `keyId` and `secret`, or set the `OPENAI_API_KEY` environment variable (`SLUICE_URL` for a gateway).',
  )
}

function findPair(options: TargetOptions): Target['pair'] {
  const asked = options.keyId !== undefined || options.secret !== undefined
  if (!asked && (options.apiKey != null || options.baseURL != null || readEnv('SLUICE_URL') !== undefined))
    return undefined
  const keyId = options.keyId ?? readEnv('EVOLUTION_KEY_ID')
  const secret = options.secret ?? readEnv('EVOLUTION_SECRET')
  if (keyId && secret && (asked || readEnv('OPENAI_API_KEY') === undefined)) return { keyId, secret }
  if (asked) throw new OpenAIError('Missing credentials. `keyId` and `secret` belong together.')
  return undefined
}

/** A service's own key goes to that service; OpenAI's goes where the caller points, as with OpenAI's SDK. */
function keyFor(base: string | undefined): string | undefined {
  const row = base === undefined ? undefined : SERVICES.find(([, baseURL]) => originOf(baseURL) === originOf(base))
  return row === undefined ? undefined : readEnv(row[0])
}

/** A server on this machine, or the page's own. */
function needsNoKey(base: string): boolean {
  const url = new URL(base, pageOrigin())
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname) || url.origin === pageOrigin()
}

/** The origin of the page this runs in; `undefined` outside of pages. */
export function pageOrigin(): string | undefined {
  const location: unknown = Reflect.get(globalThis, 'location')
  const origin: unknown = isRecord(location) ? location['origin'] : undefined
  return typeof origin === 'string' && origin !== 'null' ? origin : undefined
}

function gatewayBase(url: string): string {
  const base = withoutSlash(url)
  return originOf(base) === base ? `${base}/v1` : base
}

function originOf(url: string): string {
  return new URL(url, pageOrigin()).origin
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}

function trimmed(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

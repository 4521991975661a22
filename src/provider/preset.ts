import type { Continuation, DialectName, Quirks } from './provider.ts'

/**
 * How a service wants the key:
 * - `bearer`: `Authorization: Bearer KEY`, required;
 * - `api-key`: `api-key: KEY` (Azure), required;
 * - `none`: no key needed; one that is given goes as a bearer token;
 * - `iam`: a key pair that is exchanged for a token that expires.
 */
export type Auth = 'bearer' | 'api-key' | 'none' | 'iam'

/** Where and with what a key pair is exchanged for a token. */
export interface Iam {
  /** Unless the configuration says another one. */
  readonly tokenUrl: string
  /** The environment variable of each setting. */
  readonly env: {
    readonly keyId: string
    readonly secret: string
    readonly projectId: string
    readonly tokenUrl: string
  }
  /** Whether every request has to name a project. */
  readonly needsProject: boolean
}

/** What is known of a service before anybody configures it. Data only. */
export interface Preset {
  /** The name in the configuration: `preset: openai`. */
  readonly id: string
  /** The name on screens. */
  readonly title: string
  /** Without a trailing slash. `undefined`: has to be filled in, `baseUrlExample` shows how. */
  readonly baseUrl: string | undefined
  /** What to write where there is no default. */
  readonly baseUrlExample?: string | undefined
  /** Environment variables, the first one that is set counts. */
  readonly env: {
    readonly key: readonly string[]
    readonly baseUrl: readonly string[]
  }
  readonly auth: Auth
  /** Set where `auth` is `iam`. */
  readonly iam?: Iam | undefined
  readonly dialect: DialectName
  readonly quirks: Quirks
  readonly continuation: Continuation
  /** What the model name `default` stands for when the provider was found and not configured. */
  readonly defaultModel: string | undefined
  /** An engine on this machine that can be asked for its models without a key. */
  readonly local: boolean
  /** Where the row's facts are from. */
  readonly source: string
}

import type { ProviderSettings } from '../provider/create.ts'
import type { CachePolicy, Deadlines } from '../provider/provider.ts'
import type { ClientConfig, OnDisconnect } from './config.ts'
import type { PriceSettings } from './prices.ts'
import type { LimitNumbers, LimitSettings } from './limits.ts'

/** Deadlines as far as they are said, in milliseconds. */
export type DeadlineSettings = { readonly [Phase in keyof Deadlines]?: number | undefined }

/** A model: where its requests go. Times in milliseconds. */
export interface ModelSettings {
  readonly targets: readonly TargetSettings[]
  readonly deadlines?: DeadlineSettings | undefined
  readonly strategy?: 'ordered' | 'weighted' | undefined
  readonly maxAttempts?: number | undefined
  readonly maxExtraTokens?: number | undefined
  readonly limits?: LimitNumbers | undefined
  readonly cache?: CachePolicySettings | undefined
}

/** An entry of `providers`. */
export type ProviderEntry = ProviderSettings & { readonly limits?: LimitNumbers | undefined }

/** One place of a model. */
export interface TargetSettings {
  readonly provider: string
  /** Absent: the caller's name, or what a prefix leaves of it. */
  readonly model?: string | undefined
  readonly weight?: number | undefined
  readonly deadlines?: DeadlineSettings | undefined
  readonly overrides?: Readonly<Record<string, unknown>> | undefined
}

/** A configuration file, checked, with durations in milliseconds and sizes in bytes; defaults not yet filled in. */
export interface Settings {
  readonly providers?: Readonly<Record<string, ProviderEntry>> | undefined
  readonly models?: Readonly<Record<string, ModelSettings>> | undefined
  readonly passthrough?: string | undefined
  readonly prices?: PriceSettings | undefined
  /** Milliseconds. */
  readonly usage?: { readonly retention?: number | undefined } | undefined
  readonly server?: ServerSettings | undefined
  readonly log?: LogSettings | undefined
  readonly auth?: AuthSettings | undefined
  readonly admin?: AdminSettings | undefined
  readonly limits?: LimitSettings | undefined
  readonly cache?: CacheSettings | undefined
}

/** A model's `cache:` as far as it is said. */
export type CachePolicySettings = { readonly [Field in keyof CachePolicy]?: CachePolicy[Field] | undefined }

/** `cache:` as far as it is said. */
export interface CacheSettings extends CachePolicySettings {
  readonly maxBytes?: number | undefined
}

/** `admin:` as far as it is said. */
export interface AdminSettings {
  readonly host?: string | undefined
  readonly port: number
}

/** `auth:` as far as it is said. */
export interface AuthSettings {
  readonly clients: readonly ClientConfig[]
  readonly tokenLifetime?: number | undefined
}

/** `server:` as far as it is said. */
export interface ServerSettings {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly allowedHosts?: readonly string[] | undefined
  readonly maxBodyBytes?: number | undefined
  readonly shutdownTimeout?: number | undefined
  readonly heartbeat?: number | undefined
  readonly maxLag?: number | undefined
  readonly readerPatience?: number | undefined
  readonly attachRetries?: boolean | undefined
  readonly onDisconnect?: OnDisconnect | undefined
}

/** `log:` as far as it is said. */
export interface LogSettings {
  readonly kind?: 'memory' | 'file' | undefined
  readonly dir?: string | undefined
  readonly retention?: number | undefined
  readonly maxBytes?: number | undefined
  readonly durability?: 'process' | 'power' | undefined
}

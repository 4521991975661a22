import type { CachePolicy, Provider, Route, Target } from '../provider/provider.ts'
import type { OwnPrices } from '../provider/price-list.ts'
import { DEFAULT_DEADLINES } from '../provider/provider.ts'
import type { LimitsConfig } from './limits.ts'

/** What happens to a stream that nobody reads any more (PROTOCOL 7). */
export type OnDisconnect =
  | { readonly type: 'cancel' }
  | { readonly type: 'continue' }
  | { readonly type: 'grace'; readonly ms: number }

/** The HTTP side of a gateway. Times in milliseconds. */
export interface ServerConfig {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Further names by which the gateway may be addressed (the Host header), beside its own. */
  readonly allowedHosts: readonly string[]
  readonly maxBodyBytes: number
  /** How long open streams may go on after a signal to stop. */
  readonly shutdownTimeout: number
  /** Silence after which a comment line goes out (PROTOCOL 3). */
  readonly heartbeat: number
  /** A reader this many events behind an open stream is cut, resumably. */
  readonly maxLag: number
  /** Whether an official SDK's retry attaches to the stream that its first try started (PROTOCOL 6). */
  readonly attachRetries: boolean
  /** How long a reader may take nothing at all before its connection is given up, milliseconds. */
  readonly readerPatience: number
  /** What holds when the request says nothing. */
  readonly onDisconnect: OnDisconnect
}

/** Where streams are kept, and for how long after they ended (`retention`, milliseconds). */
export type LogConfig =
  | {
      readonly kind: 'memory'
      readonly retention: number
      readonly maxBytes?: number | undefined
      /** Where the ledger is kept, with the keys in it; absent: in memory too. */
      readonly dir?: string | undefined
    }
  | {
      readonly kind: 'file'
      readonly retention: number
      /** Closed streams go early beyond so many bytes. */
      readonly maxBytes?: number | undefined
      readonly dir: string
      /** What an acknowledged entry survives: the process's death, or the machine's. */
      readonly durability: 'process' | 'power'
    }

/** A program that may call the gateway. */
export interface ClientConfig {
  /** Names it; its streams belong to this name. */
  readonly keyId: string
  readonly secret: string
}

/** Who may call. */
export interface AuthConfig {
  /** Each by its key id. */
  readonly clients: readonly ClientConfig[]
  /** How long a token is good that a client was given for its secret, in milliseconds. */
  readonly tokenLifetime: number
}

/** The cache of answers. */
export interface CacheConfig {
  /** Bytes of all answers in it; beyond, those that were not asked for the longest go. */
  readonly maxBytes: number
  /** What holds for models that say nothing of their own. */
  readonly policy: CachePolicy
}

/** Where the operator's side of a gateway listens, by itself. */
export interface AdminConfig {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/** Everything a gateway is told. Made by `loadConfig`, `detect` or by hand. */
export interface GatewayConfig {
  readonly server: ServerConfig
  readonly log: LogConfig
  /** By name. */
  readonly providers: ReadonlyMap<string, Provider>
  /** By model name, in the order of the configuration: what `GET /v1/models` lists. */
  readonly routes: ReadonlyMap<string, Route>
  /**
   * Routes for every model name that starts like this; the key ends with a slash or a colon. `openai/`:
   * what follows is the model's name there. `sim:`: the colon belongs to the name, which stays whole.
   */
  readonly prefixes: ReadonlyMap<string, Route>
  /** Where every other model name goes. */
  readonly passthrough: Provider | undefined
  /** Absent: whoever reaches the gateway is its local user. */
  readonly auth?: AuthConfig | undefined
  /** Absent: only what keys say of themselves. */
  readonly limits?: LimitsConfig | undefined
  /** Absent: the operator's routes are served beside the callers'. */
  readonly admin?: AdminConfig | undefined
  /** What API keys are stored with; absent: the file `secret` of the data folder. */
  readonly keySecret?: string | undefined
  /** Absent: nothing is cached, unless a route says so. */
  readonly cache?: CacheConfig | undefined
  /** Prices that win over all lists. */
  readonly prices?: OwnPrices | undefined
  /** How long it is known what streams used, in milliseconds; 400 days unless told. */
  readonly usageRetention?: number | undefined
  /** Values that must not appear in any message or log line; for `createRedactor`. */
  readonly secrets: readonly string[]
}

/** Tries before the first visible delta when the configuration says nothing: two more than there are targets. */
export function defaultAttempts(targets: number): number {
  return targets + 2
}

/**
 * The route of a model name: its own one, else the one of its longest prefix, else the passthrough,
 * else `undefined`.
 *
 * @example
 * resolveModel(config, 'openai/gpt-4o-mini') // with the prefix `openai/`: the target's model is `gpt-4o-mini`
 */
export function resolveModel(
  config: Pick<GatewayConfig, 'routes' | 'prefixes' | 'passthrough'>,
  name: string,
): Route | undefined {
  const own = config.routes.get(name)
  if (own !== undefined) return own
  if (config.prefixes.size > 0) {
    for (let end = name.length - 1; end > 0; end -= 1) {
      const separator = name[end - 1]
      if (separator !== '/' && separator !== ':') continue
      const route = config.prefixes.get(name.slice(0, end))
      if (route !== undefined) return withModel(route, name, separator === '/' ? name.slice(end) : name)
    }
  }
  const { passthrough } = config
  return passthrough === undefined ? undefined : routeTo(passthrough, name)
}

/** The route of a single target that takes the caller's model name as it is. */
function routeTo(provider: Provider, name: string): Route {
  const target: Target = { provider, model: undefined, deadlines: DEFAULT_DEADLINES, overrides: {}, weight: 1 }
  return { model: name, targets: [target], strategy: 'ordered', maxAttempts: defaultAttempts(1) }
}

/** A prefix's targets without a model of their own get the one that was asked for. */
function withModel(route: Route, name: string, model: string): Route {
  const targets = route.targets.map((target) => (target.model === undefined ? { ...target, model } : target))
  return { ...route, model: name, targets }
}

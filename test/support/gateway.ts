import type { GatewayConfig } from '../../src/config/config.ts'
import type { Logger } from '../../src/gateway/context.ts'
import { serve, type RunningServer } from '../../src/node/serve.ts'
import {
  DEFAULT_DEADLINES,
  type Deadlines,
  type Provider,
  type Route,
  type Target,
} from '../../src/provider/provider.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.ts'

/** A logger that keeps what it is told. */
export interface KeptLogger extends Logger {
  readonly lines: { readonly level: string; readonly facts: object; readonly message: string }[]
}

export function keepingLogger(): KeptLogger {
  const lines: KeptLogger['lines'] = []
  const at = (level: string) => (facts: object, message: string) => void lines.push({ level, facts, message })
  return { lines, info: at('info'), warn: at('warn'), error: at('error') }
}

/** A provider at `url`, with nothing special about it. */
export function plainProvider(url: string, settings: Partial<Provider> = {}): Provider {
  return {
    name: 'sim',
    preset: 'simulator',
    baseUrl: url,
    credential: { headers: () => ({ authorization: 'Bearer sk-test-provider-key' }) },
    headers: {},
    query: {},
    dialect: 'openai',
    quirks: {},
    continuation: 'none',
    ...settings,
  }
}

export function target(provider: Provider, model?: string, deadlines: Partial<Deadlines> = {}): Target {
  return { provider, model, deadlines: { ...DEFAULT_DEADLINES, ...deadlines }, overrides: {}, weight: 1 }
}

export function route(model: string, targets: readonly Target[], settings: Partial<Route> = {}): Route {
  return { model, targets, strategy: 'ordered', maxAttempts: targets.length + 2, ...settings }
}

export function gatewayConfig(settings: Partial<GatewayConfig> = {}): GatewayConfig {
  return {
    server: {
      host: '127.0.0.1',
      port: 0,
      allowedHosts: [],
      maxBodyBytes: 10 * 1024 * 1024,
      shutdownTimeout: 5_000,
      heartbeat: 15_000,
      maxLag: 100_000,
      readerPatience: 30_000,
      attachRetries: true,
      onDisconnect: { type: 'grace', ms: 30_000 },
    },
    log: { kind: 'memory', retention: 3_600_000 },
    providers: new Map(),
    routes: new Map(),
    prefixes: new Map(),
    passthrough: undefined,
    secrets: [],
    ...settings,
  }
}

/** A real gateway in front of a real simulator, both on loopback. */
export interface Rig extends AsyncDisposable {
  readonly server: RunningServer
  readonly simulator: Simulator
  readonly logger: KeptLogger
  /** The gateway's `/v1`. */
  readonly url: string
  /** POSTs a chat request to the gateway. */
  chat(body: object, init?: RequestInit): Promise<Response>
}

/** What a rig may be told. */
export interface RigOptions {
  readonly simulator?: SimulatorOptions
  readonly config?: (simulator: Simulator) => Partial<GatewayConfig>
}

/** Every model name goes to the simulator unless `config` says otherwise. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const simulator = await startSimulator(options.simulator)
  const logger = keepingLogger()
  const settings = options.config?.(simulator) ?? { passthrough: plainProvider(simulator.url) }
  const server = await serve({ config: gatewayConfig(settings), logger })
  const url = `${server.url}/v1`
  return {
    server,
    simulator,
    logger,
    url,
    chat: (body, init) =>
      fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Tell me a story' }], ...body }),
        ...init,
      }),
    async [Symbol.asyncDispose]() {
      await server.shutdown()
      await simulator.close()
    },
  }
}

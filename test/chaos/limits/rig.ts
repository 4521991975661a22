import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import type { GatewayConfig } from '../../../src/config/config.ts'
import { DEFAULT_LIMITS, type LimitsConfig } from '../../../src/config/limits.ts'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.ts'
import type { StreamReply, Transport } from '../../../src/gateway/http.ts'
import type { Orphan } from '../../../src/gateway/take-up.ts'
import type { CountTokens } from '../../../src/gateway/usage.ts'
import type { KeySpec } from '../../../src/ledger/key-book.ts'
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts'
import { createMemoryLog } from '../../../src/log/memory-log.ts'
import type { StreamLog } from '../../../src/log/stream-log.ts'
import { TestClock } from '../../support/clock.ts'
import { gatewayConfig, keepingLogger, plainProvider } from '../../support/gateway.ts'
import { startProvider, type Answer, type Seen } from '../../support/provider.ts'

/** A gateway whose clock only moves when it is told to, in front of a provider on a real socket. */
export interface LimitsRig extends AsyncDisposable {
  readonly clock: TestClock
  readonly gateway: Gateway
  readonly ledger: Ledger
  readonly log: StreamLog
  readonly requests: readonly Seen[]
  readonly config: GatewayConfig
  /** Makes a key; the result is its `Authorization`. */
  key(spec: Partial<KeySpec>): { readonly id: string; readonly authorization: string }
  /** Its process dies: nothing is closed. */
  die(): Promise<void>
  /** A request to the gateway, without a socket. */
  ask(path: string, init?: Ask): Promise<Response>
  /** A figure of `/metrics`; 0 where it is not there. */
  figure(name: string): Promise<number>
}

/** What is asked. */
export interface Ask {
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** What a rig may be told. */
export interface LimitsRigOptions {
  readonly answer: Answer
  readonly limits?: Partial<LimitsConfig>
  readonly config?: (url: string) => Partial<GatewayConfig>
  readonly ledger?: Ledger
  readonly clock?: TestClock
  readonly log?: StreamLog
  readonly orphans?: readonly Orphan[]
  readonly countTokens?: CountTokens
}

export async function startLimitsRig(options: LimitsRigOptions): Promise<LimitsRig> {
  const clock = options.clock ?? new TestClock()
  const now = (): number => clock.date()
  const provider = await startProvider(options.answer)
  const ledger = options.ledger ?? createLedger({ path: ':memory:', now })
  const config = gatewayConfig({
    passthrough: plainProvider(provider.baseURL),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    ...options.config?.(provider.baseURL),
  })
  const log = options.log ?? createMemoryLog({ now, retentionMs: 3_600_000 })
  const fingerprint = (text: string): string => createHash('sha256').update(text).digest('base64url')
  const gateway = createGateway({
    config,
    log,
    ledger,
    hash: (bytes) => createHash('sha256').update(bytes).digest('base64url'),
    keyDigest: { fingerprint, mac: fingerprint },
    logger: keepingLogger(),
    clock,
    orphans: options.orphans ?? [],
    ...(options.countTokens === undefined ? {} : { countTokens: options.countTokens }),
  })
  return {
    clock,
    gateway,
    ledger,
    log,
    config,
    requests: provider.requests,
    key(spec) {
      const made = gateway.keys.change((book) => book.create({ name: 'test', scope: 'caller', limits: {}, ...spec }))
      return { id: made.record.id, authorization: `Bearer ${made.key}` }
    },
    ask: (path, init = {}) => Promise.resolve(gateway.fetch(requestOf(path, init), transport(init))),
    die: async () => provider[Symbol.asyncDispose](),
    async figure(name) {
      const text = await (await gateway.fetch(requestOf('/metrics', {}), transport({}))).text()
      const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
    async [Symbol.asyncDispose]() {
      const down = gateway.shutdown(0)
      // What is left of its time passes on our clock.
      clock.advance(1)
      await down
      await provider[Symbol.asyncDispose]()
    },
  }
}

/** Lets everything happen that happens without the clock, until `holds`. */
export async function calm(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns > 200_000) throw new Error('it does not come to rest')
    await turn()
  }
}

function requestOf(path: string, { body, headers }: Ask): Request {
  const init = body === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(body) }
  const fields = { 'content-type': 'application/json', ...headers }
  return new Request(`http://127.0.0.1${path}`, { ...init, headers: fields })
}

function transport({ body, signal }: Ask): Transport {
  return {
    signal: signal ?? new AbortController().signal,
    body: () => Promise.resolve(new TextEncoder().encode(JSON.stringify(body ?? {}))),
    send: (reply) => new Response(bodyOf(reply), { status: reply.status, headers: reply.headers }),
  }
}

/** Frames as they come; whoever stops reading has left. */
function bodyOf({ frames, onLeave }: StreamReply): ReadableStream<Uint8Array> {
  const source = frames[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const next = await source.next()
      if (next.done !== true) return controller.enqueue(new TextEncoder().encode(next.value.text))
      controller.close()
      onLeave()
    },
    async cancel() {
      onLeave()
      await source.return?.()
    },
  })
}

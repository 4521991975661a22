import type { CancelSignal } from '../cancel.ts'
import type { ChunkIdentity } from '../dialect/fastgpt.ts'
import type { SluiceError } from '../errors.ts'
import type { Target } from '../provider/provider.ts'
import { accept, type Answer } from './accept.ts'
import type { Breakers } from './breakers.ts'
import type { ReadNotes } from './ending.ts'
import { openFresh } from './fresh.ts'
import type { Dialer, Exchange } from './open.ts'
import { outgoing, type ChatBody } from './outgoing.ts'

/** Is told what happens to a stream on its way from the providers. Must not throw. */
export interface AttemptObserver {
  /** A try begins; the first is number 1. `mode`: how a cut answer is to be continued. */
  started(attempt: number, target: Target, mode?: string): void
  /** The provider said yes. `notes`: what this try tells of itself from now on. */
  opened(exchange: Exchange, notes: ReadNotes): void
  /** `next`: what follows: `retry`, `fallback`, `give_up`, `rescue`. */
  failed(error: SluiceError, next: string): void
  /** A continuation was joined to what was sent. */
  joined(mode: string, overlap: number): void
}

/** Limits of the providers themselves. */
export interface TargetPlaces {
  /** Takes a place for the try that began; rejects with `provider_rate_limited` when there is none. */
  enter(target: Target, signal: CancelSignal): Promise<void>
}

/** What one stream needs from outside. */
export interface AttemptContext {
  readonly dialer: Dialer
  readonly breakers: Breakers
  readonly random: () => number
  readonly signal: CancelSignal
  readonly observer: AttemptObserver
  /** The completion's id where a provider gives none. */
  readonly completionId?: string | undefined
  /** Absent: no provider is limited here. */
  readonly places?: TargetPlaces | undefined
}

/** One try of one target, up to the beginning of its answer. Rejects as `openFresh` and `accept` do. */
export async function ask(target: Target, body: ChatBody, context: AttemptContext): Promise<Answer> {
  const { dialer, observer, signal } = context
  if (context.places !== undefined) await context.places.enter(target, signal)
  const exchange = await openFresh(dialer, target, outgoing(body, target), signal)
  const notes: ReadNotes = { malformed: 0 }
  if (exchange.status >= 200 && exchange.status < 300) observer.opened(exchange, notes)
  const options = {
    provider: target.provider.name,
    n: typeof body['n'] === 'number' ? body['n'] : 1,
    readsPastDone: target.provider.quirks.readsPastDone === true,
    notes,
    identity: target.provider.dialect === 'fastgpt' ? identityOf(target, body, context) : undefined,
  }
  return accept(exchange, options, dialer.clock)
}

function identityOf(target: Target, { model }: ChatBody, context: AttemptContext): ChunkIdentity {
  return {
    id: context.completionId ?? `chatcmpl-${Math.floor(context.random() * Number.MAX_SAFE_INTEGER).toString(36)}`,
    created: Math.floor(context.dialer.clock.date() / 1_000),
    model: target.model ?? (typeof model === 'string' ? model : ''),
  }
}

/** Resolves after `ms`, or rejects with the signal's reason. */
export async function pause(ms: number, { dialer, signal }: AttemptContext): Promise<void> {
  signal.throwIfAborted()
  if (ms <= 0) return
  const over = Promise.withResolvers<void>()
  const onAbort = (): void => over.reject(signal.reason)
  const stop = dialer.clock.after(ms, over.resolve)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await over.promise
  } finally {
    stop()
    signal.removeEventListener('abort', onAbort)
  }
}

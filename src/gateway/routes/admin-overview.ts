import { SluiceError } from '../../errors.ts'
import type { GatewayContext } from '../context.ts'
import { RANGES, type Range } from '../history.ts'
import { Slot, type ProviderSums } from '../history-slot.ts'
import { baseHeaders, type Call } from '../http.ts'
import type { LiveStream } from '../live.ts'
import { journeyOf } from '../timeline-facts.ts'

/** Open streams in one answer; the newest. It is asked for each second. */
const MOST_OPEN = 200

/**
 * `GET /admin/v1/overview`: how the gateway is now. Open streams, breakers, limits in use, whether its stores
 * keep what they promise. Costs what it shows: nothing is kept for it that is not there anyway.
 */
export function overview(context: GatewayContext, call: Call): Response {
  const { clock, live, log, ledger, admission, configAge } = context
  const newest = [...live.all()].slice(-MOST_OPEN).toReversed()
  const body = {
    object: 'overview',
    now: clock.date(),
    started: context.startedAt,
    draining: context.draining,
    streams: live.count,
    waiting: admission.waiting,
    open: newest.map(openToWire),
    breakers: [...breakers(context)],
    limits: admission.inUse(),
    health: {
      log: log.health().degraded ? (log.health().reason ?? 'degraded') : null,
      ledger: ledger.reason ?? null,
      config_loaded: Math.floor(configAge.loadedAt / 1_000),
      config_failed: configAge.failedAt === undefined ? null : Math.floor(configAge.failedAt / 1_000),
    },
  }
  return Response.json(body, { headers: headersOf(call) })
}

/** `GET /admin/v1/history?range=hour|day`: percentiles, outcomes, usage and providers over time, since this process began. */
export function history(context: GatewayContext, call: Call): Response {
  const range = rangeIn(call.req.query('range') ?? 'hour')
  const { step, count } = RANGES[range]
  const slots = context.history.slots(range)
  const now = context.clock.date()
  const all = new Slot(now)
  for (const slot of slots) all.merge(slot)
  const body = {
    object: 'history',
    range,
    step: step / 1_000,
    from: (Math.floor(now / step) - count + 1) * (step / 1_000),
    to: Math.floor(now / 1_000),
    started: context.startedAt,
    points: slots.map(pointToWire),
    usage: slots.flatMap(usageToWire),
    providers: [...all.providers].map(providerToWire),
    total: pointToWire(all),
  }
  return Response.json(body, { headers: headersOf(call) })
}

function openToWire(stream: LiveStream): object {
  const { id, owner, model, readers, timeline, progress } = stream
  const { provider, targetModel, attempts, state, isRescued } = journeyOf(timeline, (progress?.chunks ?? 0) > 0)
  return {
    id,
    key: owner,
    model,
    provider,
    target_model: targetModel,
    attempts,
    rescued: isRescued,
    state,
    chunks: progress?.chunks ?? 0,
    age_ms: Math.round(progress?.age ?? 0),
    since_first_ms: progress?.sinceFirst === undefined ? null : Math.round(progress.sinceFirst),
    idle_ms: Math.round(progress?.idle ?? 0),
    readers,
  }
}

/** Targets of the configuration only: where names are passed through, callers choose them. */
function* breakers({ breakers: all, config }: GatewayContext): Generator<object> {
  const seen = new Set<string>()
  for (const { model: asked, targets } of config.routes.values()) {
    for (const { provider, model = asked } of targets) {
      const name = `${provider.name}/${model}`
      if (seen.has(name)) continue
      seen.add(name)
      const view = all.view(name)
      yield {
        provider: provider.name,
        model,
        state: view?.state ?? 'closed',
        since_ms: view?.since === undefined ? null : Math.round(view.since),
        retry_in_ms: view?.retryIn === undefined ? null : Math.round(view.retryIn),
        tries: view?.tries ?? 0,
        failures: view?.failures ?? 0,
      }
    }
  }
}

function pointToWire(slot: Slot): object {
  const { completed, failed, cancelled } = slot.outcomes
  return {
    at: Math.floor(slot.at / 1_000),
    completed,
    failed,
    cancelled,
    rescued: slot.rescued,
    ttft_ms: slot.ttft ?? null,
    inter_token_ms: slot.gaps ?? null,
  }
}

function usageToWire(slot: Slot): readonly object[] {
  return [...slot.used.values()].map((sums) => ({
    at: Math.floor(slot.at / 1_000),
    key: sums.key,
    model: sums.model,
    streams: sums.streams,
    prompt_tokens: sums.promptTokens,
    completion_tokens: sums.completionTokens,
    nano_dollars: sums.nanoDollars,
    unpriced: sums.unpriced,
  }))
}

function providerToWire([provider, sums]: readonly [string, ProviderSums]): object {
  const { attempts, failed, rescues, rescued, codes } = sums
  return { provider, attempts, failed, rescues, rescued, codes: Object.fromEntries(codes) }
}

function rangeIn(text: string): Range {
  if (text === 'hour' || text === 'day') return text
  throw new SluiceError('invalid_value', "'range' must be hour or day", { param: 'range' })
}

function headersOf(call: Call): Record<string, string> {
  return { ...baseHeaders(call.get('requestId')), 'cache-control': 'no-store' }
}

/** What each fault does to a response. */
import type { FaultName, UsageFault } from '../faults.ts'
import { FAULTS } from '../faults.ts'
import type { UsageMode } from '../model-name.ts'
import type { Behaviour } from './behaviour.ts'

import { CONNECTION_FAULTS } from './connection-faults.ts'
import type { Exchange } from './exchange.ts'
import { HTTP_FAULTS } from './http-faults.ts'
import type { Op } from './op.ts'
import { scriptOf, tokenSteps } from './script.ts'
import { STREAM_FAULTS } from './stream-faults.ts'

const USAGE_FAULTS: Readonly<Record<UsageFault, Behaviour>> = {
  'usage-missing': { tune: (x) => withUsage(x, 'none') },
  'usage-cumulative': { tune: (x) => withUsage(x, 'cumulative') },
  'usage-excludes-reasoning': { tune: (x) => withUsage(x, 'no-reasoning') },
  'usage-each': { tune: (x) => withUsage(x, 'each') },
  'late-usage': { wrap: (ops, _, at) => lateUsage(ops, at) },
}

const BEHAVIOURS: Readonly<Record<FaultName, Behaviour>> = {
  ...CONNECTION_FAULTS,
  ...HTTP_FAULTS,
  ...STREAM_FAULTS,
  ...USAGE_FAULTS,
}

/** A response decided upon. */
export interface Response {
  readonly script: Iterable<Op>
  /** The exchange as its fault has left it. */
  readonly exchange: Exchange
}

/** The response to this exchange, with whatever its model's name asks to go wrong. */
export function responseTo(exchange: Exchange): Response {
  const { fault } = exchange.spec
  if (fault === undefined) return { script: scriptOf(exchange), exchange }
  const { tune, reply, wrap } = BEHAVIOURS[fault.name]
  const at = placeOf(fault.name, fault.at, exchange)
  const tuned = tune?.(exchange, at) ?? exchange
  const ops = reply?.(tuned, at) ?? scriptOf(tuned)
  return { script: wrap?.(ops, tuned, at) ?? ops, exchange: tuned }
}

/** Where a fault happens when its name does not say. */
function placeOf(name: FaultName, said: number | undefined, exchange: Exchange): number {
  const place = FAULTS[name].at
  if (said !== undefined || place === undefined) return said ?? 0
  if (place.unit !== 'token') return place.otherwise
  return place.otherwise === 'first' ? 0 : Math.floor(tokenSteps(exchange) / 2)
}

function withUsage(exchange: Exchange, usage: UsageMode): Exchange {
  return { ...exchange, spec: { ...exchange.spec, usage } }
}

function* lateUsage(ops: Iterable<Op>, ms: number): Generator<Op> {
  for (const op of ops) {
    if (op.kind === 'send' && op.part === 'usage') yield { kind: 'wait', ms }
    yield op
  }
}

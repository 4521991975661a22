import type { ConnectionFault } from '../faults.ts'
import { atToken, withHead } from './at-token.ts'
import type { Exchange } from './exchange.ts'
import { framesOf } from './exchange.ts'
import type { Behaviour } from './behaviour.ts'
import type { Op } from './op.ts'

const FIN: Op = { kind: 'stop', how: 'fin' }
const RESET: Op = { kind: 'stop', how: 'reset' }
const HANG: Op = { kind: 'stop', how: 'hang' }

/** Faults of the connection and of HTTP's framing. */
export const CONNECTION_FAULTS: Readonly<Record<ConnectionFault, Behaviour>> = {
  cut: { wrap: (ops, _, at) => closing(atToken(ops, at, () => [FIN])) },
  'cut-once': { wrap: (ops, x, at) => (x.before === 0 ? closing(atToken(ops, at, () => [FIN])) : ops) },
  reset: { wrap: (ops, _, at) => chunked(atToken(ops, at, () => [RESET])) },
  'no-last-chunk': { wrap: (ops, _, at) => chunked(atToken(ops, at, () => [FIN])) },
  stall: { wrap: (ops, _, at) => chunked(atToken(ops, at, () => [HANG])) },
  'reset-before-head': { reply: () => [RESET] },
  'no-answer': { reply: () => [HANG] },
  'slow-first': {
    wrap: (ops, _, ms) => atToken(ops, 0, () => [{ kind: 'wait', ms }], true),
  },
  slow: { wrap: (ops, _, ms) => slow(ops, ms) },
  drip: { tune: (x) => ({ ...x, spec: { ...x.spec, split: '1' } }) },
  'wrong-content-length': {
    wrap: (ops) => {
      const all = [...ops]
      return [...withHead(all, (head) => ({ ...head, framing: bodyLength(all) + 1_000 })), FIN]
    },
  },
  'short-content-length': {
    wrap: (ops) => {
      const all = [...ops]
      return withHead(all, (head) => ({ ...head, framing: Math.floor(bodyLength(all) / 2) }))
    },
  },
  'bad-chunk-size': {
    wrap: (ops, _, at) => chunked(atToken(ops, at, () => [{ kind: 'raw', data: 'size?\r\ndata: {}\n\n\r\n' }, FIN])),
  },
  'truncated-utf8': {
    wrap: (ops, x, at) => closing(atToken(ops, at, () => [halfCharacter(x), FIN])),
  },
}

function closing(ops: Iterable<Op>): Iterable<Op> {
  return withHead(ops, (head) => ({ ...head, framing: 'close' }))
}

function chunked(ops: Iterable<Op>): Iterable<Op> {
  return withHead(ops, (head) => ({ ...head, framing: 'chunked' }))
}

function* slow(ops: Iterable<Op>, ms: number): Generator<Op> {
  let started = false
  for (const op of ops) {
    if (op.kind === 'send' && op.part === 'token') {
      if (started) yield { kind: 'wait', ms }
      started = true
    }
    yield op
  }
}

/** The bytes of a body, had it been sent. */
export function bodyLength(ops: readonly Op[]): number {
  const utf8 = new TextEncoder()
  return ops.reduce((sum, op) => {
    if (op.kind !== 'send') return sum
    return sum + (typeof op.data === 'string' ? utf8.encode(op.data).length : op.data.length)
  }, 0)
}

/** A token's event, or a piece of JSON, that ends after two of the three bytes of a euro sign. */
function halfCharacter(exchange: Exchange): Op {
  const text = exchange.events
    ? framesOf(exchange).token(0, 'content', '€', undefined, { completion: 0, reasoning: 0 })
    : '€'
  const bytes = new TextEncoder().encode(text)
  const euro = bytes.findIndex((byte, at) => byte === 0xe2 && bytes[at + 1] === 0x82)
  return { kind: 'send', part: 'other', data: bytes.subarray(0, euro + 2) }
}

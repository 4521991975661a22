import type { Op } from './op.ts'

/**
 * The steps of `ops`, with something else after the first `place` tokens. A place the response does not
 * reach changes nothing; the place right after the last token comes before the finish_reason.
 *
 * @param resume - go on with the rest afterwards
 */
export function* atToken(
  ops: Iterable<Op>,
  place: number,
  then: () => Iterable<Op>,
  resume: boolean = false,
): Generator<Op> {
  let tokens = 0
  let reached = false
  for (const op of ops) {
    const due = op.kind === 'send' && (op.part === 'token' || op.part === 'finish')
    if (due && tokens === place && !reached) {
      reached = true
      yield* then()
      if (!resume) return
    }
    yield op
    if (op.kind === 'send' && op.part === 'token') tokens++
  }
}

/** The steps without those bytes of the body. */
export function* without(ops: Iterable<Op>, ...parts: readonly string[]): Generator<Op> {
  for (const op of ops) if (op.kind !== 'send' || !parts.includes(op.part)) yield op
}

/** The steps with another head. */
export function* withHead(ops: Iterable<Op>, change: (head: Op & { kind: 'head' }) => Op): Generator<Op> {
  for (const op of ops) yield op.kind === 'head' ? change(op) : op
}

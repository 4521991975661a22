import type { Exchange } from './exchange.ts'
import type { Op } from './op.ts'

/** One fault at work; each part is optional. `at` is the number after `@`, or what stands for it. */
export interface Behaviour {
  /** Changes what the response is made from. */
  readonly tune?: (exchange: Exchange, at: number) => Exchange
  /** Answers in place of the model; undefined leaves it to the model. */
  readonly reply?: (exchange: Exchange, at: number) => Iterable<Op> | undefined
  /** Changes the steps of the response. */
  readonly wrap?: (ops: Iterable<Op>, exchange: Exchange, at: number) => Iterable<Op>
}

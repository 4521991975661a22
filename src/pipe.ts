/**
 * A stage takes things in and gives things out, pulled by whoever reads its output. Things travel in
 * batches, one array for what arrived together, so that a token costs a loop turn and not a promise.
 */
export type Stage<In, Out> = (source: AsyncIterable<readonly In[]>) => AsyncIterable<readonly Out[]>

/**
 * Puts stages behind a source, left to right.
 *
 * @example
 * const chunks = pipe(body, decode(), parse())
 */
export function pipe<A>(source: AsyncIterable<readonly A[]>): AsyncIterable<readonly A[]>
export function pipe<A, B>(source: AsyncIterable<readonly A[]>, ab: Stage<A, B>): AsyncIterable<readonly B[]>
export function pipe<A, B, C>(
  source: AsyncIterable<readonly A[]>,
  ab: Stage<A, B>,
  bc: Stage<B, C>,
): AsyncIterable<readonly C[]>
export function pipe<A, B, C, D>(
  source: AsyncIterable<readonly A[]>,
  ab: Stage<A, B>,
  bc: Stage<B, C>,
  cd: Stage<C, D>,
): AsyncIterable<readonly D[]>
export function pipe(
  source: AsyncIterable<readonly unknown[]>,
  ...stages: readonly Stage<unknown, unknown>[]
): AsyncIterable<readonly unknown[]> {
  return stages.reduce((upstream, stage) => stage(upstream), source)
}

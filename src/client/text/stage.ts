/** A stage over text: usable alone, `lines()(stream.text())`, or in a row with `through`. */
export type TextStage<Out = string> = (source: AsyncIterable<string>) => AsyncIterable<Out>

/** What a stage does to the text, without any waiting: pieces in, pieces out. */
export interface TextStep<Out> {
  /** Takes the next piece; gives what is settled by it. */
  push(text: string): readonly Out[]
  /** The text is complete; gives what was held back. */
  end(): readonly Out[]
  /** Nothing more will come out: the source is closed at once. */
  readonly finished?: boolean
}

/**
 * Puts stages behind a text, left to right.
 *
 * @example
 * for await (const word of through(stream.text(), stopAt(['END']), words(), pace({ wordsPerSecond: 8 }))) show(word)
 */
export function through(source: AsyncIterable<string>): AsyncIterable<string>
export function through<A>(source: AsyncIterable<string>, last: TextStage<A>): AsyncIterable<A>
export function through<A>(source: AsyncIterable<string>, a: TextStage, last: TextStage<A>): AsyncIterable<A>
export function through<A>(
  source: AsyncIterable<string>,
  a: TextStage,
  b: TextStage,
  last: TextStage<A>,
): AsyncIterable<A>
export function through<A>(
  source: AsyncIterable<string>,
  a: TextStage,
  b: TextStage,
  c: TextStage,
  last: TextStage<A>,
): AsyncIterable<A>
export function through(source: AsyncIterable<string>, ...stages: readonly TextStage[]): AsyncIterable<string> {
  return stages.reduce((text, stage) => stage(text), source)
}

/** A stage made of a step; every text gets a fresh one. */
export function textStage<Out>(create: () => TextStep<Out>): TextStage<Out> {
  return (source) => closing(source, (inlet) => steps(inlet, create()))
}

async function* steps<Out>(inlet: Inlet, step: TextStep<Out>): AsyncGenerator<Out, void, undefined> {
  try {
    for (;;) {
      const next = await inlet.next()
      if (next.done === true) break
      for (const out of step.push(next.value)) yield out
      if (step.finished === true) return
    }
    for (const out of step.end()) yield out
  } finally {
    await inlet.close()
  }
}

/** The reading end of a stage's source. */
export interface Inlet {
  next(): Promise<IteratorResult<string, unknown>>
  /** Closes the source, once, unless it ended or failed by itself. */
  close(): Promise<void>
}

/**
 * An iterable whose `return()` closes the source at once. A bare async generator would not: while it
 * waits for its source it queues `return()` behind that wait, and before its first `next()` it forgets
 * the source altogether, so that a reader who leaves in a silence leaves the connection open.
 */
export function closing<Out>(
  source: AsyncIterable<string>,
  body: (inlet: Inlet) => AsyncGenerator<Out, void, undefined>,
): AsyncIterable<Out> {
  return {
    [Symbol.asyncIterator](): AsyncIterator<Out, void, undefined> {
      const inlet = open(source)
      const outlet = body(inlet)
      return {
        next: () => outlet.next(),
        async return() {
          await inlet.close()
          return outlet.return()
        },
        async throw(error: unknown) {
          await inlet.close()
          return outlet.throw(error)
        },
      }
    },
  }
}

function open(source: AsyncIterable<string>): Inlet {
  const deltas = source[Symbol.asyncIterator]()
  let over = false
  let leave: ((end: IteratorResult<string, unknown>) => void) | undefined
  return {
    next() {
      if (over) return Promise.resolve(END)
      // Not the source's own promise: `close` must not have to wait for a source that is silent.
      return new Promise((resolve, reject) => {
        leave = resolve
        deltas.next().then(
          (next) => {
            if (next.done === true) over = true
            resolve(next)
          },
          (error: unknown) => {
            over = true
            reject(error)
          },
        )
      })
    },
    async close() {
      if (over) return
      over = true
      leave?.(END)
      await deltas.return?.()
    },
  }
}

const END: IteratorResult<string, unknown> = { done: true, value: undefined }

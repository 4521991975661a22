import fc from 'fast-check'
import type { TestClock } from '../../support/clock.ts'

/** A source that tells what was done to it. */
export interface Source extends AsyncIterable<string> {
  /** How many pieces were asked for. */
  readonly pulled: number
  /** `return()` was called. */
  readonly closed: boolean
}

/** Pieces of text as a stream gives them: one per turn of the event loop's promises. */
export function from(pieces: readonly string[], failure?: unknown): Source {
  const source = {
    pulled: 0,
    closed: false,
    [Symbol.asyncIterator](): AsyncIterator<string> {
      let at = 0
      return {
        async next() {
          source.pulled++
          const value = pieces[at++]
          if (value !== undefined && !source.closed) return { done: false, value }
          if (failure !== undefined && at === pieces.length + 1) throw failure
          return { done: true, value: undefined }
        },
        async return() {
          source.closed = true
          return { done: true, value: undefined }
        },
      }
    },
  }
  return source
}

/** A source that is fed by hand, and never answers a `next()` by itself. */
export class Feed implements AsyncIterable<string> {
  #queue: string[] = []
  #waiting: ((next: IteratorResult<string>) => void) | undefined = undefined
  #ended = false
  closed = false

  give(text: string): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) this.#queue.push(text)
    else waiting({ done: false, value: text })
  }

  end(): void {
    this.#ended = true
    this.#waiting?.({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): AsyncIterator<string> {
    return {
      next: () => {
        const text = this.#queue.shift()
        if (text !== undefined) return Promise.resolve({ done: false, value: text })
        if (this.#ended) return Promise.resolve({ done: true, value: undefined })
        return new Promise((resolve) => {
          this.#waiting = resolve
        })
      },
      return: async () => {
        this.closed = true
        return { done: true, value: undefined }
      },
    }
  }
}

/** Everything an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const taken: T[] = []
  for await (const item of items) taken.push(item)
  return taken
}

/** Collects in the background; `items` is what came so far. */
export function collect<T>(items: AsyncIterable<T>): { readonly items: readonly T[]; readonly done: Promise<void> } {
  const taken: T[] = []
  const done = (async () => {
    for await (const item of items) taken.push(item)
  })()
  return { items: taken, done }
}

/** Lets everything run that waits for no timer. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Moves the clock on, letting everything run in between. */
export async function pass(clock: TestClock, ms: number, step = 1): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) {
    await settle()
    clock.advance(step)
  }
  await settle()
}

/** A text cut into pieces, some of them empty, anywhere: also in surrogate pairs. */
export function cutText(text: fc.Arbitrary<string>): fc.Arbitrary<readonly string[]> {
  return fc.tuple(text, fc.array(fc.nat(1_000), { maxLength: 12 })).map(([whole, cuts]) => cutAt(whole, cuts))
}

/** Cuts at the given places, counted round the end. */
export function cutAt(text: string, cuts: readonly number[]): readonly string[] {
  const places = cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b)
  return [0, ...places].map((start, i) => text.slice(start, places[i] ?? text.length))
}

/** Text of many scripts, spaces, marks and line ends. */
export const mixed: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        '\n',
        '\r',
        '\r\n',
        '. ',
        ', ',
        '，',
        '。',
        "'",
        '-',
        '3.14',
        '１，０００',
        '\u0301',
        '\u200d',
        '\u00ad',
      ),
      fc.constantFrom('word', "can't", 'état', 'привет', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '한국어'),
      fc.constantFrom(
        '人工智能正在改变',
        '世界',
        '機械学習の技術',
        'コミュニケーション',
        'ปัญญาประดิษฐ์กำลัง',
        'ภาษา',
        '👩‍👩‍👧',
        '👍🏽',
        '🇫🇷',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''))

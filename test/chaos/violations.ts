/** Examples that are kept of each kind of violation: enough to reproduce it. */
const KEPT = 5

/** One kind of promise that was broken: how often, and some of the cases. */
export interface Broken {
  readonly what: string
  readonly count: number
  readonly examples: readonly string[]
}

/** What an experiment found to be wrong. Nothing throws: one violation must not hide the next. */
export class Violations {
  readonly #kinds = new Map<string, { count: number; readonly examples: string[] }>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** `what`: the promise that was broken, in the same words every time; `where`: this case. */
  add(what: string, where: string): void {
    this.#count++
    const kind = this.#kinds.get(what) ?? { count: 0, examples: [] }
    kind.count++
    if (kind.examples.length < KEPT) kind.examples.push(where)
    this.#kinds.set(what, kind)
  }

  /** Adds `what` unless it holds. Gives back whether it does. */
  expect(holds: boolean, what: string, where: () => string): boolean {
    if (!holds) this.add(what, where())
    return holds
  }

  /** Plain data, to be handed from one thread to another. */
  list(): readonly Broken[] {
    return [...this.#kinds].map(([what, { count, examples }]) => ({ what, count, examples }))
  }

  /** Takes over what another one found. */
  take(broken: readonly Broken[]): void {
    for (const { what, count, examples } of broken) {
      const kind = this.#kinds.get(what) ?? { count: 0, examples: [] }
      kind.count += count
      this.#count += count
      kind.examples.push(...examples.slice(0, Math.max(0, KEPT - kind.examples.length)))
      this.#kinds.set(what, kind)
    }
  }

  /** For people: nothing when there is nothing. */
  text(): string {
    return this.list()
      .map(({ what, count, examples }) => [`${count} x ${what}`, ...examples.map((one) => `    ${one}`)].join('\n'))
      .join('\n')
  }
}

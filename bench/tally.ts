import { Samples } from './samples.ts'

/** What all connections of a run count together. Only while `measuring`, except for errors. */
export class Tally {
  measuring = false
  tokens = 0
  /** Streams that ended, complete and verified. */
  streams = 0
  /** Milliseconds from the provider's write to our read, per token. */
  readonly latency: Samples = new Samples()
  /** Milliseconds from the request's write to the first token, in the order of arrival. */
  readonly firstToken: Samples = new Samples()
  /** What went wrong and how often, from the first stream to the last. */
  readonly errors: Map<string, number> = new Map()

  token(latency: number): void {
    if (!this.measuring) return
    this.tokens++
    this.latency.add(latency)
  }

  error(reason: string): void {
    this.errors.set(reason, (this.errors.get(reason) ?? 0) + 1)
  }

  begin(): void {
    this.tokens = 0
    this.streams = 0
    this.latency.clear()
    this.firstToken.clear()
    this.measuring = true
  }
}

import type { Clock } from '../clock.ts'
import { isObject, parseJson } from '../completion/json.ts'
import type { Pace } from '../ledger/cache-table.ts'
import type { Batch, StreamLog } from '../log/stream-log.ts'

/** What one more reader of a stream saw of it. */
export interface Recording {
  /** Whether every choice ended as an answer ends, and `[DONE]` was said. */
  readonly isWhole: boolean
  /** Of all data. */
  readonly bytes: number
  /** Offset of the last entry. */
  readonly last: number
  readonly pace: Pace | undefined
}

/** Ends of an answer that nothing cut short. */
const COMPLETE: ReadonlySet<unknown> = new Set(['stop', 'tool_calls'])

/** In JSON a quote within a text has a backslash before it, so this is never part of one. */
const FINISH = /"finish_reason"\s*:\s*"/

/** Entries that come closer together than this are one step of the pace, in milliseconds. */
const STEP_MS = 10

/** Most steps of a pace: 20 minutes of them at the closest, 1 MB. The rest comes at once. */
const MOST_STEPS = 120_000

/**
 * Reads a stream from its start to its end, like any reader, and says what there was.
 *
 * @param choices How many the request asked for.
 */
export async function record(
  log: StreamLog,
  id: string,
  choices: number,
  pace: { readonly clock: Clock } | undefined,
): Promise<Recording> {
  const recorder = new Recorder(choices, pace?.clock)
  const source = log.read(id, -1)
  if (source.flow !== undefined) {
    await source.flow((batch) => recorder.see(batch))
  } else for await (const batch of source) recorder.see(batch)
  return recorder.result()
}

class Recorder {
  readonly #choices: number
  readonly #clock: Clock | undefined
  readonly #startedAt: number
  readonly #ends = new Map<number, unknown>()
  readonly #steps: number[] = []
  #steppedAt = Number.NEGATIVE_INFINITY
  #bytes = 0
  #last = -1
  #isDone = false

  constructor(choices: number, clock: Clock | undefined) {
    this.#choices = choices
    this.#clock = clock
    this.#startedAt = clock?.now() ?? 0
  }

  see({ entries }: Batch): true {
    for (const { kind, data, offset } of entries) {
      this.#bytes += data.length
      this.#last = offset
      if (kind === 'done') this.#isDone = true
      else if (kind === 'chunk' && FINISH.test(data)) this.#note(data)
    }
    if (this.#clock !== undefined) this.#step(this.#clock.now(), entries[0]?.offset ?? 0)
    return true
  }

  result(): Recording {
    const ends = [...this.#ends.values()]
    const isWhole = this.#isDone && ends.length >= this.#choices && ends.every((end) => COMPLETE.has(end))
    const pace = this.#clock === undefined ? undefined : Uint32Array.from(this.#steps)
    return { isWhole, bytes: this.#bytes, last: this.#last, pace }
  }

  #note(data: string): void {
    const chunk = parseJson(data)
    const choices = isObject(chunk) ? chunk['choices'] : undefined
    if (!Array.isArray(choices)) return
    for (const choice of choices) {
      if (!isObject(choice) || typeof choice['finish_reason'] !== 'string') continue
      this.#ends.set(typeof choice['index'] === 'number' ? choice['index'] : 0, choice['finish_reason'])
    }
  }

  #step(now: number, offset: number): void {
    if (now - this.#steppedAt < STEP_MS || this.#steps.length >= 2 * MOST_STEPS) return
    this.#steppedAt = now
    this.#steps.push(offset, Math.round(now - this.#startedAt))
  }
}

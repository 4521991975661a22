import type { StreamMeasure } from './meter.ts'
import { Counter, Histogram, MODEL, type Family, type Spread, type Sum } from './metrics-count.ts'
import { GapHistogram } from './metrics-gaps.ts'
import type { ModelLabels } from './metrics-models.ts'
import type { Tried } from './tried.ts'

/** The buckets of OpenTelemetry's GenAI conventions for time to first token, in seconds, and a few longer ones. */
const TTFT = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120]
/** The same for whole requests. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 300, 1_800]

/** What is counted under one model. A series appears with the first stream that has something for it. */
interface OfModel {
  readonly chunks: Sum
  readonly duration: Spread
  ttft: Spread | undefined
  /** Streams that completed. */
  completed: Sum | undefined
}

/** What is counted of streams that have ended. */
export class StreamCounts {
  readonly gaps: GapHistogram = new GapHistogram()
  readonly #labels: ModelLabels
  readonly #streams = new Counter('sluice_streams_total', 'Streams that ended', ['model', 'outcome', 'code'])
  readonly #chunks = new Counter('sluice_chunks_total', 'Chunks relayed', ['model'])
  readonly #attempts = new Counter('sluice_attempts_total', 'Tries of a provider, by result', ['provider', 'result'])
  readonly #rescues = new Counter('sluice_rescues_total', 'Cut answers that somebody was asked to continue', [
    'provider',
    'mode',
    'result',
  ])
  readonly #seams = new Counter('sluice_seams_total', 'Continuations joined to what was sent', ['mode'])
  readonly #ttft = new Histogram(
    'gen_ai_server_time_to_first_token_seconds',
    'From the request to the first visible delta',
    [MODEL],
    TTFT,
  )
  readonly #duration = new Histogram(
    'gen_ai_server_request_duration_seconds',
    'From the request to the end of its stream',
    [MODEL],
    DURATION,
  )
  /** By the model's label. */
  readonly #models = new Map<string, OfModel>()
  /** Tries that went well, by provider. */
  readonly #good = new Map<string, Sum>()

  constructor(labels: ModelLabels) {
    this.#labels = labels
  }

  /** In the order in which they are written; the gaps are written last of all metrics. */
  get families(): readonly Family[] {
    const tries = [this.#attempts, this.#rescues, this.#seams]
    return [this.#streams, this.#chunks, ...tries, this.#ttft, this.#duration]
  }

  /** A stream has ended. */
  add(name: string, measure: StreamMeasure, { tries, seams }: Tried): void {
    const { status } = measure.outcome
    const code = measure.error?.code ?? 'none'
    const model = this.#labels.of(name, status === 'completed')
    const of = this.#ofModel(model)
    if (status === 'completed' && code === 'none') (of.completed ??= this.#streams.of(model, status, code)).value++
    else this.#streams.of(model, status, code).value++
    of.chunks.value += measure.chunks
    of.duration.observe(measure.duration / 1_000)
    if (measure.ttft !== undefined) {
      of.ttft ??= this.#ttft.of(model)
      of.ttft.observe(measure.ttft / 1_000)
      this.gaps.add(model, measure.gaps, (measure.duration - measure.ttft) / 1_000)
    }
    for (const { provider, mode, result } of tries) {
      this.#attempt(provider, result).value++
      if (mode !== undefined) this.#rescues.of(provider, mode, result).value++
    }
    for (const mode of seams) this.#seams.of(mode).value++
  }

  #ofModel(model: string): OfModel {
    let known = this.#models.get(model)
    if (known === undefined) {
      const [chunks, duration] = [this.#chunks.of(model), this.#duration.of(model)]
      known = { chunks, duration, ttft: undefined, completed: undefined }
      this.#models.set(model, known)
    }
    return known
  }

  #attempt(provider: string, result: string): Sum {
    if (result !== 'ok') return this.#attempts.of(provider, result)
    let good = this.#good.get(provider)
    if (good === undefined) this.#good.set(provider, (good = this.#attempts.of(provider, result)))
    return good
  }
}

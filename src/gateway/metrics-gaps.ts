import { GAP_BUCKETS } from './meter.ts'
import { escaped, type Family } from './metrics-count.ts'

const NAME = 'sluice_inter_token_seconds'
const HELP = 'Time between two batches of chunks of a stream, after its first token'

interface Folded {
  readonly counts: number[]
  /** Seconds. */
  sum: number
}

/**
 * The histogram of times between tokens. Each stream counts into an array of its own, which is added here when it
 * has ended: a metrics library asked for each token would cost more than the token.
 */
export class GapHistogram implements Family {
  readonly #byModel = new Map<string, Folded>()

  /** Adds a stream's counts (`StreamMeasure.gaps`), which took so many seconds together. */
  add(model: string, gaps: readonly number[], seconds: number): void {
    let folded = this.#byModel.get(model)
    if (folded === undefined) {
      folded = { counts: Array.from<number>({ length: GAP_BUCKETS }).fill(0), sum: 0 }
      this.#byModel.set(model, folded)
    }
    const { counts } = folded
    for (let i = 0; i < GAP_BUCKETS; i++) counts[i] = (counts[i] ?? 0) + (gaps[i] ?? 0)
    folded.sum += seconds
  }

  text(): string {
    const lines = [`# HELP ${NAME} ${HELP}`, `# TYPE ${NAME} histogram`]
    for (const [model, { counts, sum }] of this.#byModel) {
      const label = `gen_ai_request_model="${escaped(model)}"`
      let below = 0
      counts.forEach((count, i) => {
        below += count
        const bound = i === GAP_BUCKETS - 1 ? '+Inf' : String(2 ** i / 1_000)
        lines.push(`${NAME}_bucket{${label},le="${bound}"} ${below}`)
      })
      lines.push(`${NAME}_sum{${label}} ${sum}`, `${NAME}_count{${label}} ${below}`)
    }
    return lines.join('\n')
  }
}

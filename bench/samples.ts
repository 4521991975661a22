/** The middle value, or NaN of nothing. The mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Every sample kept, so that a percentile is exact: a histogram's buckets would hide differences of a
 * few per cent, which is what the bars are about. 8 bytes a sample, no garbage while measuring.
 */
export class Samples {
  #values = new Float64Array(1 << 14)
  #count = 0

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2)
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values[this.#count++] = value
  }

  clear(): void {
    this.#count = 0
  }

  /** In the order of arrival. A copy. */
  values(): Float64Array {
    return this.#values.slice(0, this.#count)
  }

  /** The values at the shares asked for (0.5 is the median), nearest rank; NaN of nothing. */
  quantiles(shares: readonly number[]): number[] {
    const sorted = this.values().sort()
    return shares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN)
  }
}

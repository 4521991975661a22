/** Tokens per second by stream, over the last few seconds. */
export type Rates = ReadonlyMap<string, number>

/** How many chunks streams had at a time, milliseconds. */
export interface Sample {
  readonly now: number
  readonly chunks: ReadonlyMap<string, number>
}

/** From the oldest sample that knows a stream to the newest. */
export function ratesOf(samples: readonly Sample[]): Rates {
  const newest = samples.at(-1)
  return new Map(
    [...(newest?.chunks ?? [])].map(([id, chunks]) => {
      const oldest = samples.find((sample) => sample.chunks.has(id)) ?? newest
      const seconds = ((newest?.now ?? 0) - (oldest?.now ?? 0)) / 1_000
      return [id, seconds > 0 ? (chunks - (oldest?.chunks.get(id) ?? 0)) / seconds : 0]
    }),
  )
}

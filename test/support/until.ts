/** Resolves as soon as `holds` does, looking every few milliseconds; fails after `limitMs`. Gives the time it took. */
export async function until(holds: () => boolean, limitMs: number, what: string): Promise<number> {
  const started = performance.now()
  while (!holds()) {
    if (performance.now() - started > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - started
}

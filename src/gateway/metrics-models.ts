/** Names beside the configured ones that get a label of their own. */
const MOST = 100

/**
 * Model names as labels: bounded, though callers choose them where names are passed through. A configured name is
 * itself; another one is, up to a hundred of them, once an answer under it has completed, so that no caller can
 * fill the metrics with names nobody knows. The rest is `other`.
 */
export class ModelLabels {
  readonly #isConfigured: (model: string) => boolean
  readonly #proven = new Set<string>()

  constructor(isConfigured: (model: string) => boolean) {
    this.#isConfigured = isConfigured
  }

  /** The label of a name. `isProven`: an answer under it has just completed. */
  of(model: string, isProven = false): string {
    if (this.#isConfigured(model) || this.#proven.has(model)) return model
    if (!isProven || this.#proven.size >= MOST) return 'other'
    this.#proven.add(model)
    return model
  }
}

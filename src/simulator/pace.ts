/** Milliseconds between two tokens, where nothing else is said: about as fast as people are used to. */
export const DEFAULT_INTERVAL = 15

/** Milliseconds before the first token, where nothing else is said. */
export const DEFAULT_FIRST = 150

/** When the tokens of a response leave. */
export interface Pace {
  readonly first: number
  readonly interval: number
}

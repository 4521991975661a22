/** A place in the log's files that is not what was written. */
export interface Damage {
  readonly path: string
  /** Where it begins in the file, and how long it is. */
  readonly at: number
  readonly bytes: number
}

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The value of the first variable that is set and not empty, with its name. */
export function firstSet(names: readonly string[], env: Environment): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value !== undefined && value !== '') return { name, value }
  }
  return undefined
}

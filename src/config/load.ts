import type { ProviderSettings } from '../provider/create.ts'
import type { Environment } from '../provider/environment.ts'
import { assemble, findLoops, makeProviders } from './build.ts'
import { findCacheProblems } from './cache.ts'
import type { GatewayConfig } from './config.ts'
import { isObject } from './is-object.ts'
import { findLooseEnds } from './loose-ends.ts'
import { configError, problemsOf } from './problems.ts'
import { parseProvider, parseSettings } from './schema.ts'
import type { Settings } from './settings.ts'
import { readSource, type Problem, type Source } from './source.ts'

/** What `loadConfig` needs beside the text. */
export interface LoadOptions {
  /** The file's name, for messages. */
  readonly file: string
  /** Where `${NAME}` is looked up, and the presets' own variables. */
  readonly env: Environment
  /** Changes what the file says before it is made into a configuration: the command line. */
  readonly adjust?: ((settings: Settings) => Settings) | undefined
}

/** A configuration file, read. */
export interface LoadedConfig {
  readonly file: string
  /** What the file says, adjusted. */
  readonly settings: Settings
  readonly config: GatewayConfig
}

/**
 * Reads a YAML configuration.
 *
 * @throws SluiceError `config_invalid` with all problems, one line each: file, line, column, path,
 * what was expected and what was found. No line holds a secret.
 *
 * @example
 * const { config } = loadConfig(await readFile('sluice.yaml', 'utf8'), { file: 'sluice.yaml', env: process.env })
 */
export function loadConfig(text: string, options: LoadOptions): LoadedConfig {
  const { file, env, adjust = (settings) => settings } = options
  const source = readSource(text, env)
  if (source.value === undefined) throw configError(source.problems, file, source)
  const parsed = parseSettings(source.value)
  const { providers, problems } = makeProviders(providersIn(source.value), env)
  const found: readonly Problem[] = [
    ...source.problems,
    ...(parsed.success ? [] : problemsOf(parsed.error, source)),
    ...withReferences(problems, source),
    ...findLooseEnds(source.value),
    ...emptiness(source.value),
  ]
  const real = found.filter((problem) => problem.offset !== undefined || !source.isUnknown(problem.path))
  if (!parsed.success || real.length > 0) throw configError(real, file, source)
  const settings = adjust(parsed.data)
  // A provider that the command line added is not in the file and was not made yet.
  const added = makeProviders(without(settings.providers ?? {}, providers), env)
  const all = new Map([...providers, ...added.providers])
  const late = [
    ...added.problems,
    ...findLooseEnds(settings),
    ...findLoops(settings, all),
    ...findCacheProblems(settings),
  ]
  if (late.length > 0) throw configError(late, file, source)
  return { file, settings, config: assemble(settings, all, env) }
}

/** Names the variables a value was made from, without which a message about a key would point at nothing. */
function withReferences(problems: readonly Problem[], source: Source): readonly Problem[] {
  return problems.map((problem) => {
    const references = source.referencesAt(problem.path)
    return references.length === 0
      ? problem
      : { ...problem, message: `${problem.message} (from ${references.join(' and ')})` }
  })
}

/** The entries of `providers` that are right by themselves. */
function providersIn(value: unknown): Readonly<Record<string, ProviderSettings>> {
  const providers = isObject(value) && isObject(value['providers']) ? value['providers'] : {}
  const right: [string, ProviderSettings][] = []
  for (const [name, entry] of Object.entries(providers)) {
    const parsed = parseProvider(entry)
    if (parsed.success) right.push([name, parsed.data])
  }
  return Object.fromEntries(right)
}

function without(
  providers: Readonly<Record<string, ProviderSettings>>,
  made: ReadonlyMap<string, unknown>,
): Readonly<Record<string, ProviderSettings>> {
  return Object.fromEntries(Object.entries(providers).filter(([name]) => !made.has(name)))
}

/** A gateway that knows no model answers every request with 404: nobody wants that. */
function emptiness(value: unknown): readonly Problem[] {
  if (!isObject(value) || value['passthrough'] !== undefined) return []
  const { models } = value
  if (models !== undefined && !(isObject(models) && Object.keys(models).length === 0)) return []
  return [{ path: [], message: 'nothing would be served: expected models or passthrough' }]
}

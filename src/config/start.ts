import { SluiceError } from '../errors.ts'
import { normalizeBaseUrl, type ProviderSettings } from '../provider/create.ts'
import { firstSet, type Environment } from '../provider/environment.ts'
import { HOSTED } from '../provider/hosted.ts'
import { buildConfig } from './build.ts'
import type { GatewayConfig } from './config.ts'
import { detect, simulatorSettings } from './detect.ts'
import { loadConfig, type LoadedConfig } from './load.ts'
import type { Fetch } from './probe.ts'
import type { ConfigSource } from './reload.ts'
import type { Settings } from './settings.ts'

/** The file that is read when none is named. */
export const DEFAULT_FILE = 'sluice.yaml'

/** What the command line may say; it is stronger than the file. */
export interface StartFlags {
  readonly config?: string | undefined
  readonly upstream?: string | undefined
  readonly upstreamKey?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly data?: string | undefined
  readonly log?: 'memory' | 'file' | undefined
  readonly durability?: 'process' | 'power' | undefined
}

/** A simulator that runs. */
export interface RunningSimulator {
  /** Its base URL, with `/v1`. */
  readonly url: string
  close(): Promise<void>
}

/** What choosing a configuration needs of the world. */
export interface StartWorld {
  readonly env: Environment
  readonly fetch: Fetch
  /** A file's text; `undefined` when there is no such file. */
  readText(file: string): Promise<string | undefined>
  /** Starts the embedded simulator on a free port. */
  startSimulator(): Promise<RunningSimulator>
}

/** A configuration to start with, and why it is this one: a line each. */
export interface Start {
  readonly config: GatewayConfig
  readonly reasons: readonly string[]
  /** The embedded simulator, if one was started; to be closed with the gateway. */
  readonly simulator?: RunningSimulator | undefined
  /** Where it can be read again, if it came from a file, */
  readonly source?: ConfigSource | undefined
  /** and what was in it. */
  readonly text?: string | undefined
}

/**
 * Chooses the configuration to start with. The first of these that is there: `--config`, `--upstream`,
 * `SLUICE_PROVIDER`, `./sluice.yaml`, what `detect` finds. `--upstream` beside `--config` takes the
 * model names that the file does not have.
 *
 * @throws SluiceError `config_invalid`.
 */
export async function chooseStart(flags: StartFlags, world: StartWorld): Promise<Start> {
  if (flags.config !== undefined) {
    const text = await world.readText(flags.config)
    if (text === undefined) throw new SluiceError('config_invalid', `${flags.config}: there is no such file`)
    return fromFile(flags.config, text, flags, world)
  }
  if (flags.upstream !== undefined) {
    const settings = adjust({}, flags)
    return { config: buildConfig(settings, world.env), reasons: [upstreamReason(settings)] }
  }
  if (firstSet(['SLUICE_PROVIDER'], world.env) === undefined) {
    const text = await world.readText(DEFAULT_FILE)
    if (text !== undefined) return fromFile(DEFAULT_FILE, text, flags, world)
  }
  return fromDetection(flags, world)
}

function fromFile(file: string, text: string, flags: StartFlags, world: StartWorld): Start {
  const parse = (read: string): LoadedConfig =>
    loadConfig(read, { file, env: world.env, adjust: (settings) => adjust(settings, flags) })
  const loaded = parse(text)
  const { providers, routes, prefixes } = loaded.config
  const count = routes.size + prefixes.size
  const reasons = [`${[...providers.keys()].join(', ')}: from ${file}, with ${count} model${count === 1 ? '' : 's'}`]
  if (flags.upstream !== undefined) reasons.push(upstreamReason(loaded.settings))
  const source = { file, loaded, parse, read: () => world.readText(file) }
  return { config: loaded.config, reasons, source, text }
}

async function fromDetection(flags: StartFlags, world: StartWorld): Promise<Start> {
  const detection = await detect(world)
  const { reasons } = detection
  if (detection.kind === 'providers') {
    return { config: buildConfig(adjust(detection.settings, flags), world.env), reasons }
  }
  const simulator = await world.startSimulator()
  try {
    const config = buildConfig(adjust(simulatorSettings(simulator.url), flags), world.env)
    return { config, reasons, simulator }
  } catch (thrown) {
    await simulator.close()
    throw thrown
  }
}

/** The settings with what the command line says laid over them. */
function adjust(settings: Settings, flags: StartFlags): Settings {
  const { host, port, log, data, durability } = flags
  const server = {
    ...settings.server,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  }
  const logSettings = {
    ...settings.log,
    ...(log === undefined ? {} : { kind: log }),
    ...(data === undefined ? {} : { dir: data }),
    ...(durability === undefined ? {} : { durability }),
  }
  const adjusted: Settings = { ...settings, server, log: logSettings }
  if (flags.upstream === undefined) return adjusted
  const upstream = upstreamProvider(flags.upstream, flags.upstreamKey)
  return { ...adjusted, providers: { ...settings.providers, upstream }, passthrough: 'upstream' }
}

/** A URL that is a known service's gets that service's preset, with its quirks. */
function upstreamProvider(url: string, apiKey: string | undefined): ProviderSettings {
  const baseUrl = normalizeBaseUrl(url, '--upstream')
  const known = HOSTED.find((preset) => preset.baseUrl === baseUrl)
  return { preset: known?.id ?? 'openai-compatible', baseUrl, apiKey }
}

function upstreamReason(settings: Settings): string {
  const rest = Object.keys(settings.models ?? {}).length > 0 ? 'every other' : 'every'
  return `upstream: ${rest} model name goes to ${settings.providers?.['upstream']?.baseUrl ?? ''}`
}

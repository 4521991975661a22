import { SluiceError } from '../errors.ts'
import { createProvider } from '../provider/create.ts'
import { firstSet, type Environment } from '../provider/environment.ts'
import { HOSTED } from '../provider/hosted.ts'
import { LOCAL } from '../provider/local.ts'
import { PLACED } from '../provider/placed.ts'
import type { Preset } from '../provider/preset.ts'
import { PRESETS } from '../provider/presets.ts'
import { askForModels, type Fetch } from './probe.ts'
import type { ModelSettings, Settings } from './settings.ts'
import { didYouMean } from './suggest.ts'

/** What detection needs of the world. */
export interface DetectOptions {
  readonly env: Environment
  readonly fetch: Fetch
  /** How long a local engine may take to answer, in milliseconds; 300 unless told. */
  readonly timeout?: number | undefined
}

/** What was found, and in words why: a line each for the start-up text. */
export type Detection =
  | { readonly kind: 'providers'; readonly settings: Settings; readonly reasons: readonly string[] }
  | { readonly kind: 'simulator'; readonly reasons: readonly string[] }

/** A provider that can be used as it stands. */
interface Found {
  readonly kind: 'found'
  readonly preset: Preset
  /** What it offers, as far as that is known without a key: the first one is the best guess. */
  readonly models: readonly string[]
  readonly reason: string
}

/** A provider that is or is not there, in words. */
type Finding = Found | { readonly kind: 'left out'; readonly reason: string }

/**
 * Looks for providers when nothing is configured: first those whose key is in the environment, in the
 * order of the presets, then the engines that answer on this machine: Ollama, LM Studio, llama.cpp,
 * vLLM. The model name `default` goes to the first one found that has a known model; every provider
 * has its models as `PROVIDER/MODEL`. None found: the simulator.
 *
 * `SLUICE_PROVIDER` names a preset and leaves no choice.
 *
 * @throws SluiceError `config_invalid` when `SLUICE_PROVIDER` cannot be had.
 */
export async function detect(options: DetectOptions): Promise<Detection> {
  const forced = firstSet(['SLUICE_PROVIDER'], options.env)?.value
  if (forced !== undefined) return detectForced(forced, options)
  const hosted = [...HOSTED, ...PLACED].map((preset) => lookForKey(preset, options.env))
  const local = await Promise.all(LOCAL.map((preset) => lookForEngine(preset, options)))
  const all = [...hosted, ...local].filter((finding) => finding !== undefined)
  const found = all.filter((finding) => finding.kind === 'found')
  const skipped = all.filter((finding) => finding.kind === 'left out').map((finding) => finding.reason)
  if (found.length > 0) return toDetection(found, skipped)
  const engines = LOCAL.map((preset) => preset.title).join(', ')
  const reason = `simulator: no API key is set, and none of ${engines} answers on this machine`
  return { kind: 'simulator', reasons: [reason, ...skipped] }
}

async function detectForced(id: string, options: DetectOptions): Promise<Detection> {
  if (id === 'simulator') return { kind: 'simulator', reasons: ['simulator: SLUICE_PROVIDER=simulator'] }
  const preset = PRESETS.get(id)
  if (preset === undefined) {
    const known = [...PRESETS.keys()]
    throw new SluiceError('config_invalid', `SLUICE_PROVIDER=${id}: there is no such preset${didYouMean(id, known)}`)
  }
  if (id === 'openai-compatible') {
    throw new SluiceError('config_invalid', `SLUICE_PROVIDER=${id} needs a URL: use --upstream URL instead`)
  }
  const finding = preset.local ? await lookForEngine(preset, options) : lookForForced(preset, options.env)
  if (finding?.kind === 'found') return toDetection([finding], [])
  const reason = finding?.reason ?? `${id}: nothing answers at ${preset.baseUrl ?? 'its address'}`
  throw new SluiceError('config_invalid', `SLUICE_PROVIDER=${id}, but ${reason}`)
}

/** Like `lookForKey`, but a missing key is told and not passed over. */
function lookForForced(preset: Preset, env: Environment): Finding {
  return lookForKey(preset, env) ?? tryPreset(preset, env, 'SLUICE_PROVIDER')
}

function lookForKey(preset: Preset, env: Environment): Finding | undefined {
  const key = firstSet(preset.env.key, env)
  return key === undefined ? undefined : tryPreset(preset, env, key.name)
}

function tryPreset(preset: Preset, env: Environment, variable: string): Finding {
  try {
    createProvider(preset.id, { preset: preset.id }, env)
    const models = preset.defaultModel === undefined ? [] : [preset.defaultModel]
    return { kind: 'found', preset, models, reason: `${preset.id}: ${variable} is set` }
  } catch (thrown) {
    const error = SluiceError.from(thrown)
    if (error.code !== 'config_invalid') throw error
    return {
      kind: 'left out',
      reason: `${preset.id} is left out: ${error.message.replace(/set (?:apiKey|it) here or /, 'set ')}`,
    }
  }
}

async function lookForEngine(preset: Preset, options: DetectOptions): Promise<Finding | undefined> {
  const attempt = tryPreset(preset, options.env, 'its address')
  if (attempt.kind !== 'found') return attempt
  const provider = createProvider(preset.id, { preset: preset.id }, options.env)
  const answer = await askForModels(provider, options.fetch, options.timeout ?? 300)
  switch (answer.kind) {
    case 'silent':
      return undefined
    case 'other':
      return { kind: 'left out', reason: `${preset.id} is left out: ${provider.baseUrl}/models ${answer.what}` }
    case 'models': {
      const { models } = answer
      const count = `${models.length} model${models.length === 1 ? '' : 's'}`
      return { kind: 'found', preset, models, reason: `${preset.id}: answers at ${provider.baseUrl} with ${count}` }
    }
  }
}

function toDetection(found: readonly Found[], skipped: readonly string[]): Detection {
  const models: Record<string, ModelSettings> = {}
  const first = found.find(({ models: offered }) => offered.length > 0)
  const best = first?.models[0]
  if (first !== undefined && best !== undefined) {
    models['default'] = { targets: [{ provider: first.preset.id, model: best }] }
  }
  for (const { preset, models: offered } of found) {
    for (const model of offered) models[`${preset.id}/${model}`] = { targets: [{ provider: preset.id, model }] }
    models[`${preset.id}/*`] = { targets: [{ provider: preset.id }] }
  }
  const order = found.length > 1 ? `, the first of ${found.map(({ preset }) => preset.id).join(', ')}` : ''
  const reasons = found.map(({ reason }) => reason)
  if (first !== undefined) reasons.push(`default is ${first.preset.id}/${best}${order}`)
  const providers = Object.fromEntries(found.map(({ preset }) => [preset.id, { preset: preset.id }]))
  return { kind: 'providers', settings: { providers, models }, reasons: [...reasons, ...skipped] }
}

/** The settings of a gateway whose only provider is a simulator at `url`. */
export function simulatorSettings(url: string): Settings {
  const to = (model: string): ModelSettings => ({ targets: [{ provider: 'simulator', model }] })
  const examples = [
    'sim:tokens=200,interval=10ms',
    'sim:tokens=50,interval=5ms,first=500ms',
    'sim:tokens=200,fault=cut@57',
  ]
  return {
    providers: { simulator: { preset: 'simulator', baseUrl: url } },
    models: {
      default: to(PRESETS.get('simulator')?.defaultModel ?? 'sim:'),
      ...Object.fromEntries(examples.map((name) => [name, to(name)])),
      'sim:*': { targets: [{ provider: 'simulator' }] },
    },
  }
}

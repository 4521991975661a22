import { resolveModel, type GatewayConfig } from '../config/config.ts'
import { SluiceError } from '../errors.ts'
import type { KeyRecord } from '../ledger/key.ts'
import type { Route } from '../provider/provider.ts'
import { redact } from '../provider/redact.ts'

/** An error lists no more models than this. */
const MOST_LISTED = 20

/**
 * Fields by which a body may ask for other models than its `model` (MegaLLM, OpenRouter). A `preset` of
 * OpenRouter's names models that only its owner can see.
 */
const OTHER_MODELS: ReadonlySet<string> = new Set(['fallback_models', 'models', 'preset'])

/**
 * Whether a key may use a model of this name: it is in the key's list, or begins like an entry that ends in `*`.
 *
 * @example
 * mayUse(key, 'openai/gpt-4o') // with models ['openai/*']: true
 */
export function mayUse(key: KeyRecord | undefined, model: string): boolean {
  if (key?.models === undefined) return true
  return key.models.some((entry) => (entry.endsWith('*') ? model.startsWith(entry.slice(0, -1)) : model === entry))
}

/** The route of a model name for this key. Undefined: there is none, or none for this key; nobody can tell which. */
export function resolveFor(config: GatewayConfig, key: KeyRecord | undefined, name: string): Route | undefined {
  return mayUse(key, name) ? resolveModel(config, name) : undefined
}

/**
 * The same where a name must lead somewhere. Throws `model_not_found`, which lists what there is for this key.
 */
export function demandRoute(config: GatewayConfig, key: KeyRecord | undefined, name: string): Route {
  const route = resolveFor(config, key, name)
  if (route !== undefined) return route
  const known = routesFor(config, key).map(({ model }) => model)
  const more = known.length > MOST_LISTED ? `, … (${known.length} in all)` : ''
  const list = known.slice(0, MOST_LISTED).join(', ') + more
  throw new SluiceError('model_not_found', `The model '${printable(name)}' does not exist. Models here: ${list}`, {
    param: 'model',
  })
}

/** The models that are listed for this key, in the order of the configuration. */
export function routesFor({ routes }: GatewayConfig, key: KeyRecord | undefined): readonly Route[] {
  return [...routes.values()].filter((route) => mayUse(key, route.model))
}

/** A body that asks for no model beside its own that the key may not use. */
export function withinModels<B extends object>(key: KeyRecord | undefined, body: B): B {
  if (key?.models === undefined) return body
  const within = { ...body }
  for (const [field, value] of Object.entries(body)) {
    if (!OTHER_MODELS.has(field)) continue
    Object.assign(within, { [field]: Array.isArray(value) ? value.filter((name) => allows(key, name)) : undefined })
  }
  return within
}

/** A caller's string as it may stand in an error: short, without control characters, and no key put there by mistake. */
function printable(text: string): string {
  return JSON.stringify(redact(text.slice(0, 500)).slice(0, 100)).slice(1, -1)
}

function allows(key: KeyRecord, name: unknown): boolean {
  return typeof name === 'string' && mayUse(key, name)
}

import { isObject } from './is-object.ts'
import { fromShorthand } from './schema.ts'
import type { Path, Problem } from './source.ts'
import { didYouMean } from './suggest.ts'

/**
 * Names of providers that are used and not configured. Works on a value that was not checked yet,
 * so that these problems are told together with those of the schema.
 */
export function findLooseEnds(value: unknown): readonly Problem[] {
  if (!isObject(value)) return []
  const known = isObject(value['providers']) ? Object.keys(value['providers']) : []
  return uses(value)
    .filter(({ provider }) => !known.includes(provider))
    .map(({ path, provider }) => {
      const guess = didYouMean(provider, known)
      const rest = guess === '' && known.length > 0 ? `; there are: ${known.join(', ')}` : guess
      return { path, message: `there is no provider ${JSON.stringify(provider)}${rest}` }
    })
}

function uses(value: Readonly<Record<string, unknown>>): readonly { path: Path; provider: string }[] {
  const found: { path: Path; provider: string }[] = []
  const add = (path: Path, provider: unknown): void => {
    if (typeof provider === 'string' && provider !== '') found.push({ path, provider })
  }
  for (const [name, model] of Object.entries(isObject(value['models']) ? value['models'] : {})) {
    if (typeof model === 'string' && model.includes('/')) add(['models', name], fromShorthand(model).provider)
    const targets = isObject(model) ? model['targets'] : undefined
    if (!Array.isArray(targets)) continue
    targets.forEach((target: unknown, i) => {
      if (isObject(target)) add(['models', name, 'targets', i, 'provider'], target['provider'])
    })
  }
  add(['passthrough'], value['passthrough'])
  return found
}

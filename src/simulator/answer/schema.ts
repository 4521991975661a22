/** Valid instances of a JSON Schema: the part of it that structured outputs and tool parameters use. */
import type { Random } from '../text/random.ts'
import { fieldText } from './field-text.ts'
import { isRecord } from './fields.ts'
import type { Body } from './fields.ts'
import type { Hints } from './hints.ts'
import { matchingText } from './pattern.ts'

/** What instances are made from. */
interface Material {
  readonly root: Body
  readonly hints: Hints
  readonly random: Random
  /** Values still to be made: a schema that requires itself twice would otherwise grow without end. */
  readonly budget: { left: number }
}

const MOST_VALUES = 5_000

/**
 * A value the schema allows, filled with what the question offers; null in places where no value can be
 * had, as in a schema that requires itself.
 */
export function schemaInstance(schema: Body, hints: Hints, random: Random): unknown {
  return instanceOf(schema, { root: schema, hints, random, budget: { left: MOST_VALUES } })
}

/** From here on optional things are left out and lists are as short as they may be. */
const DEEP = 4
/** From here on there is nothing but null, valid or not: a schema that requires itself has no instance. */
const BOTTOM = 40

/** @param name - the field's name, which decides what kind of text stands in it */
function instanceOf(schema: unknown, material: Material, name: string = '', depth: number = 0): unknown {
  if (depth > BOTTOM || material.budget.left-- <= 0 || !isRecord(schema)) return null
  const ref = schema['$ref']
  if (typeof ref === 'string') return instanceOf(resolve(ref, material.root), material, name, depth + 1)
  if ('const' in schema) return schema['const']
  const { enum: allowed, anyOf, oneOf, allOf } = schema
  if (Array.isArray(allowed) && allowed.length > 0) return choose(allowed, material)
  if (Array.isArray(allOf)) return instanceOf(merged(schema, allOf, material.root), material, name, depth + 1)
  const branches: unknown = anyOf ?? oneOf
  if (Array.isArray(branches) && branches.length > 0) {
    return instanceOf(branch(branches, material, depth), material, name, depth + 1)
  }
  return typed(schema, material, name, depth)
}

function typed(schema: Body, material: Material, name: string, depth: number): unknown {
  switch (typeOf(schema, depth)) {
    case 'object':
      return objectOf(schema, material, depth)
    case 'array':
      return arrayOf(schema, material, name, depth)
    case 'integer':
    case 'number':
      return numberOf(schema, material)
    case 'boolean':
      return material.random.below(2) === 1
    case 'null':
      return null
    default:
      return stringOf(schema, material, name)
  }
}

function typeOf(schema: Body, depth: number): unknown {
  const type: unknown = schema['type']
  if (Array.isArray(type)) {
    if (depth > DEEP && type.includes('null')) return 'null'
    return type.find((one) => one !== 'null') ?? 'null'
  }
  if (type !== undefined) return type
  if ('properties' in schema || 'additionalProperties' in schema || 'required' in schema) return 'object'
  if ('items' in schema || 'prefixItems' in schema) return 'array'
  return 'minimum' in schema || 'maximum' in schema ? 'number' : 'string'
}

function objectOf(schema: Body, material: Material, depth: number): Body {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'].filter((key) => typeof key === 'string') : []
  const out: Record<string, unknown> = Object.create(null)
  for (const [key, field] of Object.entries(properties)) {
    if (depth > DEEP && !required.includes(key)) continue
    out[key] = instanceOf(field, material, key, depth + 1)
  }
  const extra = schema['additionalProperties']
  for (const key of required) {
    if (!(key in out)) out[key] = instanceOf(isRecord(extra) ? extra : {}, material, key, depth + 1)
  }
  const least = numberIn(schema, 'minProperties') ?? 0
  for (let i = 1; Object.keys(out).length < Math.min(least, 100); i++) {
    out[`field_${i}`] = instanceOf(isRecord(extra) ? extra : {}, material, `field_${i}`, depth + 1)
  }
  return out
}

function arrayOf(schema: Body, material: Material, name: string, depth: number): unknown[] {
  const least = numberIn(schema, 'minItems') ?? 0
  const most = numberIn(schema, 'maxItems') ?? Math.max(least, 3)
  const wanted = depth > DEEP ? least : Math.max(least, Math.min(most, 2 + material.random.below(2)))
  const fixed: readonly unknown[] = Array.isArray(schema['prefixItems']) ? schema['prefixItems'] : []
  const out: unknown[] = fixed.map((item) => instanceOf(item, material, name, depth + 1))
  const items = schema['items'] ?? {}
  if (items === false) return out
  const seen = new Set(out.map((item) => JSON.stringify(item)))
  for (let tries = 0; out.length < Math.min(wanted, 200) && tries < 500; tries++) {
    const item = instanceOf(items, later(material, tries), singular(name), depth + 1)
    const text = JSON.stringify(item)
    if (schema['uniqueItems'] === true && seen.has(text)) continue
    seen.add(text)
    out.push(item)
  }
  return out
}

/** The next item takes the next name and number of the question; two alike would not do where items are unique. */
function later(material: Material, by: number): Material {
  const { hints } = material
  return { ...material, hints: { ...hints, names: hints.names.slice(by), numbers: hints.numbers.slice(by) } }
}

function numberOf(schema: Body, material: Material): number {
  const whole = schema['type'] === 'integer' || (Array.isArray(schema['type']) && schema['type'].includes('integer'))
  const step = numberIn(schema, 'multipleOf') ?? (whole ? 1 : 0.5)
  const [above, below] = [numberIn(schema, 'exclusiveMinimum'), numberIn(schema, 'exclusiveMaximum')]
  let least = numberIn(schema, 'minimum') ?? Number.NEGATIVE_INFINITY
  let most = numberIn(schema, 'maximum') ?? Number.POSITIVE_INFINITY
  if (above !== undefined && above >= least) least = above
  if (below !== undefined && below <= most) most = below
  const inside = (value: number): boolean =>
    value >= least && value <= most && value !== above && value !== below && (!whole || Number.isInteger(value))
  const said = material.hints.numbers.find((value) => inside(value) && (value / step) % 1 === 0)
  if (said !== undefined) return said
  const floor =
    least === Number.NEGATIVE_INFINITY ? Math.min(1, most === Number.POSITIVE_INFINITY ? 1 : most - step * 3) : least
  const start = Math.ceil(floor / step)
  const end = most === Number.POSITIVE_INFINITY ? start + 40 : Math.floor(most / step)
  const drawn = (start + material.random.below(Math.max(end - start + 1, 1))) * step
  const options = [drawn, (start + 1) * step, start * step, (least + most) / 2]
  return options.map(tidy).find(inside) ?? tidy(start * step)
}

/** 0.1 * 3 as 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12))
}

function stringOf(schema: Body, material: Material, name: string): string {
  const { pattern, format } = schema
  const patterned = typeof pattern === 'string' ? matchingText(pattern, material.random) : undefined
  if (patterned !== undefined) return patterned
  const text = fieldText(name, typeof format === 'string' ? format : undefined, material.hints, material.random)
  const least = numberIn(schema, 'minLength') ?? 0
  const most = numberIn(schema, 'maxLength') ?? Number.POSITIVE_INFINITY
  // JSON Schema counts characters, not UTF-16 units.
  const characters = Array.from(text)
  for (let i = 0; characters.length < Math.min(least, 10_000); i++) characters.push(characters[i] ?? 'a')
  return characters.slice(0, most).join('')
}

function choose(allowed: readonly unknown[], { hints, random }: Material): unknown {
  const lower = hints.text.toLowerCase()
  const said = allowed.find((one) => typeof one === 'string' && one !== '' && lower.includes(one.toLowerCase()))
  return said ?? random.pick(allowed)
}

function branch(branches: readonly unknown[], { root, random }: Material, depth: number): unknown {
  const isNull = (one: unknown): boolean => isRecord(one) && one['type'] === 'null'
  if (depth > DEEP) {
    const flat = branches.find((one) => isNull(one)) ?? branches.find((one) => isFlat(one, root))
    return flat ?? branches[0]
  }
  const said = branches.filter((one) => !isNull(one))
  return said.length === 0 ? branches[0] : random.pick(said)
}

function isFlat(schema: unknown, root: Body): boolean {
  const target = isRecord(schema) && typeof schema['$ref'] === 'string' ? resolve(schema['$ref'], root) : schema
  return isRecord(target) && target['type'] !== 'object' && target['type'] !== 'array' && !('anyOf' in target)
}

/** `allOf` as one schema: properties and required lists together, anything else from the last that says it. */
function merged(schema: Body, parts: readonly unknown[], root: Body): Body {
  const { allOf: _, ...own } = schema
  let out: Body = own
  for (const part of parts) {
    const one = isRecord(part) && typeof part['$ref'] === 'string' ? resolve(part['$ref'], root) : part
    if (!isRecord(one)) continue
    const properties = { ...asRecord(out['properties']), ...asRecord(one['properties']) }
    const required = [...asList(out['required']), ...asList(one['required'])]
    out = {
      ...out,
      ...one,
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
    }
  }
  return out
}

function resolve(ref: string, root: Body): unknown {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return {}
  let at: unknown = root
  for (const part of ref.slice(2).split('/')) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
    at = isRecord(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }
  return at
}

function asRecord(value: unknown): Body {
  return isRecord(value) ? value : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function numberIn(schema: Body, key: string): number | undefined {
  const value = schema[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function singular(name: string): string {
  return name.endsWith('s') ? name.slice(0, -1) : name
}

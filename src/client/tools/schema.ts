import { isObject } from '../../completion/json.ts'
import { OpenAIError } from '../errors.ts'

/** A JSON Schema. */
export type JsonSchema = { readonly [key: string]: unknown }

/** What is wrong with a value, and where in it. */
export interface Issue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A value as its schema let it through, or what is wrong with it. */
export type Checked<Out> = { readonly value: Out; readonly issues?: undefined } | { readonly issues: readonly Issue[] }

/**
 * A schema of any library that keeps to standardschema.dev: zod, valibot, arktype. Known by its shape,
 * so that none of them is needed to run.
 */
export interface StandardSchema<Out = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Checked<Out> | Promise<Checked<Out>>
    readonly types?: { readonly input: unknown; readonly output: Out } | undefined
  }
}

/** A schema that checks and types values, or a JSON Schema, which does neither here. */
export type Schema<Out = unknown> = StandardSchema<Out> | JsonSchema

/** Whether a schema can check values. */
export function isStandard<Out>(schema: Schema<Out>): schema is StandardSchema<Out> {
  return '~standard' in schema && isObject(schema['~standard']) && typeof schema['~standard']['validate'] === 'function'
}

/**
 * A schema as JSON Schema: what it makes of itself (zod's `toJSONSchema`, or the standard's own
 * `~standard.jsonSchema`), for the values that go in.
 *
 * @throws OpenAIError when it cannot; the JSON Schema has to be given beside it then.
 */
export function toJsonSchema(schema: StandardSchema): JsonSchema {
  const made = byMethod(schema) ?? byStandard(schema)
  if (made === undefined) {
    const { vendor } = schema['~standard']
    throw new OpenAIError(`A ${vendor} schema that cannot say itself as JSON Schema: give its jsonSchema as well`)
  }
  const { $schema: _dialect, ...rest } = made
  return rest
}

function byMethod(schema: object): JsonSchema | undefined {
  const method: unknown = Reflect.get(schema, 'toJSONSchema')
  const made: unknown = typeof method === 'function' ? Reflect.apply(method, schema, [{ io: 'input' }]) : undefined
  return isObject(made) ? made : undefined
}

function byStandard(schema: StandardSchema): JsonSchema | undefined {
  const maker: unknown = Reflect.get(schema['~standard'], 'jsonSchema')
  const input: unknown = isObject(maker) ? maker['input'] : undefined
  const made: unknown =
    typeof input === 'function' ? Reflect.apply(input, maker, [{ target: 'draft-2020-12' }]) : undefined
  return isObject(made) ? made : undefined
}

/**
 * The schema as OpenAI's strict mode wants it, with closed objects; `undefined` when strict mode cannot
 * say it: an object with optional or free members.
 */
export function toStrict(schema: JsonSchema): JsonSchema | undefined {
  const strict = closed(schema)
  return isObject(strict) ? strict : undefined
}

/** `undefined` somewhere inside is `undefined` for the whole. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) {
    const items: readonly unknown[] = node.map(closed)
    return items.includes(undefined) ? undefined : items
  }
  if (!isObject(node)) return node
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) {
    // Values, not schemas: an enum may hold anything.
    const inner = key === 'enum' || key === 'const' || key === 'default' || key === 'examples' ? value : closed(value)
    if (inner === undefined) return undefined
    copy[key] = inner
  }
  if (node['type'] !== 'object') return copy
  const properties = isObject(node['properties']) ? Object.keys(node['properties']) : []
  const required: unknown = node['required'] ?? []
  const isClosed = (node['additionalProperties'] ?? false) === false && node['patternProperties'] === undefined
  if (!isClosed || !Array.isArray(required) || properties.some((name) => !required.includes(name))) return undefined
  return { ...copy, properties: copy['properties'] ?? {}, required: properties, additionalProperties: false }
}

/** A JSON Schema as a standard schema that lets everything through. */
export function unchecked(schema: JsonSchema): StandardSchema & { readonly toJSONSchema: () => JsonSchema } {
  return {
    '~standard': { version: 1, vendor: 'json-schema', validate: (value) => ({ value }) },
    toJSONSchema: () => schema,
  }
}

/** Issues in one line, for people and for models: `city: expected string; days.0: too small`. */
export function describeIssues(issues: readonly Issue[]): string {
  const place = ({ path = [] }: Issue): string =>
    path.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
  return issues.map((issue) => (place(issue) === '' ? issue.message : `${place(issue)}: ${issue.message}`)).join('; ')
}

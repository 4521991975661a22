import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { hintsOf } from '../../src/simulator/answer/hints.ts'
import { matchingText } from '../../src/simulator/answer/pattern.ts'
import { schemaInstance } from '../../src/simulator/answer/schema.ts'
import { seeded } from '../../src/simulator/text/random.ts'

interface Schema {
  readonly [key: string]: unknown
}

function make(schema: Schema, seed = 0, question = 'Plan a trip to Kyoto for 3 people'): unknown {
  const value = schemaInstance(schema, hintsOf(question), seeded(seed))
  return JSON.parse(JSON.stringify(value))
}

/** zod is the judge: another reading of JSON Schema than ours. */
function check(value: unknown, schema: Schema): void {
  const result = z.fromJSONSchema(schema).safeParse(value)
  assert.ok(result.success, `${JSON.stringify(value)} against ${JSON.stringify(schema)}: ${result.error?.message}`)
}

const range = (least: number, width: number): fc.Arbitrary<[number, number]> =>
  fc
    .tuple(fc.integer({ min: -least, max: least }), fc.integer({ min: 0, max: width }))
    .map(([from, more]) => [from, from + more])

const { schema: anySchema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ type: fc.constant('string') }),
    fc
      .tuple(fc.nat(20), fc.nat(20))
      .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    range(50, 40).map(([minimum, maximum]) => ({ type: 'integer', minimum, maximum })),
    range(50, 40).map(([exclusiveMinimum, most]) => ({ type: 'number', exclusiveMinimum, exclusiveMaximum: most + 1 })),
    range(20, 3).map(([minimum]) => ({ type: 'number', minimum, multipleOf: 0.25 })),
    range(20, 3).map(([maximum]) => ({ type: 'integer', maximum })),
    fc.constantFrom<Schema>(
      { type: 'boolean' },
      { type: 'null' },
      { const: 'x' },
      { enum: [1, 'two', null] },
      { type: ['string', 'null'] },
    ),
    fc.record({
      type: fc.constant('array'),
      items: tie('schema'),
      minItems: fc.nat(2),
      maxItems: fc.integer({ min: 2, max: 5 }),
    }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 3 }) }),
    fc
      .dictionary(fc.constantFrom('name', 'city', 'count', 'notes', 'items'), tie('schema'), { maxKeys: 4 })
      .map((properties) => ({
        type: 'object',
        properties,
        required: Object.keys(properties),
        additionalProperties: false,
      })),
  ),
}))

describe('an instance', () => {
  test('fits its schema', () => {
    fc.assert(
      fc.property(anySchema, fc.nat(1_000), (schema, seed) => check(make(schema, seed), schema)),
      { numRuns: 1_000 },
    )
  })

  const fixed: readonly (readonly [what: string, schema: Schema])[] = [
    [
      'a schema that refers to itself',
      {
        type: 'object',
        properties: { label: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
        required: ['label', 'children'],
        additionalProperties: false,
      },
    ],
    [
      'definitions, and a way out of the recursion',
      {
        $defs: {
          node: {
            type: 'object',
            properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
            required: ['value', 'next'],
          },
        },
        $ref: '#/$defs/node',
      },
    ],
    [
      'allOf',
      {
        allOf: [
          { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
          { type: 'object', properties: { b: { type: 'integer', minimum: 3 } }, required: ['b'] },
        ],
      },
    ],
    [
      'unique items',
      {
        type: 'array',
        items: { type: 'integer', minimum: 1, maximum: 4 },
        minItems: 4,
        maxItems: 4,
        uniqueItems: true,
      },
    ],
    ['a pattern', { type: 'string', pattern: '^[A-Z]{2}-\\d{4}(-(north|south))?$' }],
    ['required fields without a schema', { type: 'object', required: ['a', 'b'] }],
    ['no type at all', { properties: { a: { minimum: 2 } }, required: ['a'] }],
  ]
  for (const [what, schema] of fixed) {
    test(`fits: ${what}`, () => {
      for (let seed = 0; seed < 50; seed++) check(make(schema, seed), schema)
    })
  }

  test('uses what the question says', () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' }, people: { type: 'integer' }, style: { enum: ['slow', 'trip'] } },
    }
    assert.deepEqual(make(schema), { city: 'Kyoto', people: 3, style: 'trip' })
  })

  test('has the formats of its strings', () => {
    const of = (format: string): unknown => make({ type: 'string', format })
    assert.match(String(of('date-time')), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.match(String(of('uuid')), /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
    assert.match(String(of('email')), /^\S+@\S+\.\S+$/)
    assert.ok(URL.canParse(String(of('uri'))))
  })

  test('exists for a schema that has none, rather than an endless search', () => {
    const schema = { type: 'object', properties: { self: { $ref: '#' } }, required: ['self'] }
    assert.equal(typeof make(schema), 'object')
  })

  test('is bounded for a schema that requires itself many times', () => {
    const schema = { type: 'array', items: { $ref: '#' }, minItems: 9 }
    const twice = { type: 'object', properties: { a: { $ref: '#' }, b: { $ref: '#' } }, required: ['a', 'b'] }
    for (const endless of [schema, twice]) assert.ok(JSON.stringify(make(endless)).length < 1_000_000)
  })

  test('never touches the prototype', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"const":{"polluted":true}}},"required":["__proto__"]}',
    )
    make(schema)
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })
})

test('a pattern beyond what is understood gives nothing rather than something wrong', () => {
  for (const pattern of ['(?=a)b', '(a)\\1', '[^a]', '\\p{L}+', '\\bword\\b'])
    assert.equal(matchingText(pattern, seeded(1)), undefined)
})

test('a text for a pattern matches it', () => {
  for (const pattern of [
    '^a+b*c?$',
    '^(foo|ba[rz])\\d{2,4}$',
    '^[\\w-]+@[a-z]{3}\\.com$',
    '^\\+?[0-9]{6,}$',
    '^(?:x{2}|y)z$',
    '^\\$\\d+\\.\\d{2}$',
  ]) {
    for (let seed = 0; seed < 50; seed++) assert.match(matchingText(pattern, seeded(seed)) ?? '', new RegExp(pattern))
  }
})

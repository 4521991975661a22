import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { parse } from '../../../src/client/tools/parse.ts'
import { ParseError } from '../../../src/client/tools/parse-error.ts'
import { type StandardSchema, toStrict } from '../../../src/client/tools/schema.ts'
import { answer, chunk, ScriptedClient } from './support.ts'

const Trip = z.object({ cities: z.array(z.string()), days: z.number().int().positive() })
const request = { model: 'm', messages: [{ role: 'user', content: 'A trip, please' }] } as const

describe('parse', () => {
  test('gives the value as it grows, and the whole when its schema let it through', async () => {
    const client = new ScriptedClient(answer('{"cities":["Paris","Lyon"],"days":3}'))
    const run = parse(client, { ...request, response_format: Trip })
    const lengths: number[] = []
    for await (const event of run) {
      if (event.type !== 'partial') continue
      const cities: readonly string[] = event.partial?.cities ?? []
      lengths.push(cities.join('').length)
    }
    assert.deepEqual(
      lengths,
      lengths.toSorted((a, b) => a - b),
    )
    assert.ok(new Set(lengths).size > 4)
    const { parsed, completion } = await run.final()
    const days: number = parsed.days
    assert.equal(days, 3)
    assert.deepEqual(parsed.cities, ['Paris', 'Lyon'])
    assert.equal(completion.choices[0]?.finish_reason, 'stop')
  })

  test('asks for the schema, strict where it allows it, under a name', async () => {
    const client = new ScriptedClient(answer('{"cities":[],"days":1}'), answer('{}'), answer('{}'))
    await parse(client, { ...request, response_format: { schema: Trip, name: 'trip', description: 'A trip' } }).final()
    const format = client.requests[0]?.response_format
    assert.ok(format?.type === 'json_schema')
    assert.equal(format.json_schema.name, 'trip')
    assert.equal(format.json_schema.description, 'A trip')
    assert.equal(format.json_schema.strict, true)
    assert.equal(format.json_schema.schema?.['additionalProperties'], false)
    assert.equal(format.json_schema.schema?.['$schema'], undefined)
    await parse(client, { ...request, response_format: z.object({ note: z.string().optional() }) }).final()
    const loose = client.requests[1]?.response_format
    assert.ok(loose?.type === 'json_schema')
    assert.equal(loose.json_schema.name, 'answer')
    assert.equal('strict' in loose.json_schema, false)
    const plain = { type: 'object', properties: {}, required: [] }
    const unknown: unknown = (await parse(client, { ...request, response_format: plain }).final()).parsed
    assert.deepEqual(unknown, {})
    assert.equal(client.requests[2]?.stream, true)
  })

  test('takes any standard schema, with its JSON Schema beside it', async () => {
    const even: StandardSchema<number> = {
      '~standard': {
        version: 1,
        vendor: 'own',
        validate: async (value) =>
          typeof value === 'number' && value % 2 === 0 ? { value } : { issues: [{ message: 'not even' }] },
      },
    }
    const client = new ScriptedClient(answer('12'), answer('13'))
    const format = { schema: even, jsonSchema: { type: 'number' } }
    const { parsed } = await parse(client, { ...request, response_format: format }).final()
    assert.equal(parsed + 1, 13)
    await assert.rejects(parse(client, { ...request, response_format: format }).final(), {
      message: 'The answer is wrong: not even',
    })
    assert.throws(() => parse(client, { ...request, response_format: even }), { name: 'OpenAIError' })
  })

  test('finds the value in a code fence', async () => {
    const client = new ScriptedClient(answer('\n```json\n{"cities":["Rome"],"days":2}\n```'))
    assert.deepEqual((await parse(client, { ...request, response_format: Trip }).final()).parsed, {
      cities: ['Rome'],
      days: 2,
    })
  })

  test('says why an answer is no value', async () => {
    const cases = [
      [[chunk({ refusal: 'I cannot' }), chunk({}, 'stop')], 'refused'],
      [[chunk({ content: '{"cities":["Pa' }), chunk({}, 'length')], 'length'],
      [[chunk({ content: '{"cit' }), chunk({}, 'content_filter')], 'content_filter'],
      [answer('I would go to Paris.'), 'not_json'],
      [answer('{"cities":["Paris"]'), 'not_json'],
      [answer('{"cities":["Paris"],"days":-1}'), 'invalid'],
    ] as const
    for (const [chunks, reason] of cases) {
      const run = parse(new ScriptedClient(chunks), { ...request, response_format: Trip })
      await assert.rejects(run.final(), (error) => {
        assert.ok(error instanceof ParseError)
        assert.equal(error.reason, reason)
        assert.equal(error.completion.model, 'm')
        assert.equal(error.issues.length > 0, reason === 'invalid')
        return true
      })
    }
  })

  test('a cut stream is not a value, even when the value is whole', async () => {
    const client = new ScriptedClient([chunk({ content: '{"cities":[],"days":1}' })])
    await assert.rejects(parse(client, { ...request, response_format: Trip }).final(), { name: 'StreamTruncatedError' })
  })

  test('leaving the loop closes the stream', async () => {
    const client = new ScriptedClient(answer('{"cities":["Paris"],"days":1}'))
    for await (const event of parse(client, { ...request, response_format: Trip })) if (event.type === 'partial') break
    assert.equal(client.closed, 1)
  })

  test('gives any value that its text says, however it is streamed', async () => {
    const anything = z.object({ value: z.json() })
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify({ value })
        const { parsed } = await parse(new ScriptedClient(answer(text)), {
          ...request,
          response_format: { schema: anything, jsonSchema: {} },
        }).final()
        assert.deepEqual(parsed, JSON.parse(text))
      }),
      { numRuns: 50 },
    )
  })
})

describe('toStrict', () => {
  test('closes every object, and refuses what strict mode cannot say', () => {
    const inner = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
    const nested = { type: 'object', properties: { list: { type: 'array', items: inner } }, required: ['list'] }
    assert.deepEqual(toStrict(nested), {
      ...nested,
      additionalProperties: false,
      properties: { list: { type: 'array', items: { ...inner, additionalProperties: false } } },
    })
    assert.equal(toStrict({ ...inner, required: [] }), undefined)
    assert.equal(toStrict({ type: 'array', items: { ...inner, required: [] } }), undefined)
    assert.equal(toStrict({ type: 'object', additionalProperties: { type: 'string' } }), undefined)
    assert.deepEqual(toStrict({ enum: [{ type: 'object', properties: { x: 1 } }] }), {
      enum: [{ type: 'object', properties: { x: 1 } }],
    })
  })
})

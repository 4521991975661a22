import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { isObject } from '../../src/config/is-object.ts'
import { jsonSchema } from '../../src/config/schema.ts'
import { PRESETS } from '../../src/provider/presets.ts'

const FILE = new URL('../../docs/sluice.schema.json', import.meta.url)

describe('the JSON Schema', () => {
  test('is what docs/sluice.schema.json says (write it anew: sluice config schema > docs/sluice.schema.json)', async () => {
    const written: unknown = JSON.parse(await readFile(FILE, 'utf8'))
    assert.deepEqual(written, JSON.parse(JSON.stringify(jsonSchema())))
  })

  test('names every preset and allows no unknown key anywhere', () => {
    const text = JSON.stringify(jsonSchema())
    for (const id of PRESETS.keys()) assert.ok(text.includes(JSON.stringify(id)), id)
    for (const section of objectsWithProperties(jsonSchema())) {
      assert.equal(section['additionalProperties'], false, Object.keys(section).join())
    }
  })

  test('has patterns that every editor can read', () => {
    const patterns = [...JSON.stringify(jsonSchema()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)]
    assert.ok(patterns.length > 5)
    for (const [, pattern = ''] of patterns) assert.ok(new RegExp(String(JSON.parse(pattern))))
  })
})

function objectsWithProperties(schema: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(schema)) return schema.flatMap(objectsWithProperties)
  if (!isObject(schema)) return []
  const inner = Object.values(schema).flatMap(objectsWithProperties)
  return isObject(schema['properties']) ? [schema, ...inner] : inner
}

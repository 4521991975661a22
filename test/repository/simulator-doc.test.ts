import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { FAULTS } from '../../src/simulator/index.ts'

test("docs/simulator.md has a row for every fault, in the simulator's own words", () => {
  const text = readFileSync(new URL('../../docs/simulator.md', import.meta.url), 'utf8')
  for (const [name, { what }] of Object.entries(FAULTS)) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`))
    assert.ok(row?.endsWith(`| ${what} |`), name)
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { complaints } from '../support/complaints.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const FILE = join(root, 'test/client/types.ts')

describe('the types of the SDK', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(root, 'test/client/.types-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('take what must compile and refuse what must not', async () => {
    assert.deepEqual(await complaints(folder, [FILE]), [])
  })

  test('refuse each of those lines for itself', async () => {
    const source = await readFile(FILE, 'utf8')
    const expected = source.match(/@ts-expect-error/g)?.length ?? 0
    const bare = join(folder, 'types-bare.ts')
    await writeFile(bare, source.replaceAll('@ts-expect-error', 'refused').replace('../../src', '../../../src'))
    const refused = new Set((await complaints(folder, [bare])).map(({ line }) => line))
    assert.ok(expected >= 20)
    assert.equal(refused.size, expected)
  })
})

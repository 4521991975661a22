import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { complaints } from '../support/complaints.ts'
import { importing } from './importing.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const examples = join(root, 'test/fixtures/openai-examples')

/** How OpenAI's repository compiles its examples, where that is less strict than this project. */
const THEIRS = { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false, declaration: false }

describe('a program written for `openai`', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(root, 'test/client/.migrated-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  /** What tsc says against the program, by file. */
  async function refused(
    which: 'openai' | 'sluice',
    files: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ): Promise<readonly string[]> {
    const written: string[] = []
    for (const file of files) {
      const path = join(folder, `${basename(file).replace(/\.ts(\.txt)?$/, '')}-${which}.ts`)
      // Some have neither imports nor exports, and would be one program.
      await writeFile(path, `${importing(which, await readFile(file, 'utf8'), 'sluice')}\nexport {}\n`)
      written.push(path)
    }
    const said = await complaints(folder, written, { isolatedDeclarations: false, ...options })
    return said.map(({ file, line, text }) => `${basename(file)}:${line} ${text}`)
  }

  for (const which of ['openai', 'sluice'] as const) {
    test(`compiles with ${which}`, async () => {
      assert.deepEqual(await refused(which, [join(root, 'test/client/migrated.ts')], {}), [])
    })

    test(`compiles with ${which} where optional fields may be undefined`, async () => {
      const options = { exactOptionalPropertyTypes: false, noUncheckedIndexedAccess: false }
      assert.deepEqual(await refused(which, [join(root, 'test/client/migrated.ts')], options), [])
    })

    test(`is one of OpenAI's own examples: they compile with ${which}`, async () => {
      const files = (await readdir(examples)).filter((name) => name.endsWith('.ts.txt'))
      assert.ok(files.length >= 20)
      assert.deepEqual(
        await refused(
          which,
          files.map((name) => join(examples, name)),
          THEIRS,
        ),
        [],
      )
    })
  }
})

import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ROUTES } from '../../src/gateway/routes/table.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const documents = [...globSync('*.md', { cwd: root }), ...globSync('{docs,test,bench,examples}/**/*.md', { cwd: root })]

/** A heading's anchor as GitHub makes it. */
function anchor(heading: string): string {
  const kept = heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '')
  return kept.trim().replaceAll(' ', '-')
}

/** Relative links of a document that lead nowhere, fenced code left out. */
async function deadLinks(document: string): Promise<readonly string[]> {
  const text = (await readFile(join(root, document), 'utf8')).replaceAll(/^```[\s\S]*?^```/gm, '')
  const dead: string[] = []
  for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path = '', fragment] = target.split('#')
    const file = path === '' ? join(root, document) : join(root, dirname(document), path)
    if (!existsSync(file) || relative(root, file).startsWith('..')) dead.push(target)
    else if (fragment !== undefined) {
      const headings = [...(await readFile(file, 'utf8')).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
        anchor(heading),
      )
      if (!headings.includes(fragment)) dead.push(target)
    }
  }
  return dead
}

describe('the documents', () => {
  for (const document of documents) {
    test(`${document} links to nothing that is not there`, async () => {
      assert.deepEqual(await deadLinks(document), [])
    })

    test(`${document} names only npm scripts that exist`, async () => {
      const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(
        await readFile(join(root, 'package.json'), 'utf8'),
      )
      const text = await readFile(join(root, document), 'utf8')
      const named = [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g)].map(
        ([, run, alone]) => run ?? alone ?? '',
      )
      assert.deepEqual(
        named.filter((name) => !(name in scripts)),
        [],
      )
    })

    test(`${document} names only scripts and sources that exist`, async () => {
      const text = await readFile(join(root, document), 'utf8')
      const paths = [...text.matchAll(/`((?:src|scripts|bin|test|bench|docs)\/[\w./-]+)`/g)].map(
        ([, path = '']) => path,
      )
      assert.deepEqual(
        paths.filter((path) => !existsSync(join(root, path))),
        [],
      )
    })
  }

  test('AGENTS.md has a row for every folder of src/', async () => {
    const text = await readFile(join(root, 'AGENTS.md'), 'utf8')
    // Folders without files are nothing to git.
    const folders = new Set(globSync('src/*/**/*.ts', { cwd: root }).map((file) => file.split(sep)[1] ?? ''))
    const unnamed = [...folders].map((name) => `\`src/${name}/\``).filter((name) => !text.includes(name))
    assert.deepEqual(unnamed, [])
  })

  test('PROTOCOL.md has every route the gateway answers', async () => {
    const text = await readFile(join(root, 'PROTOCOL.md'), 'utf8')
    const rows = ROUTES.map(({ method, path }) => `\`${method} ${path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')}\``)
    assert.deepEqual(
      rows.filter((row) => !text.includes(row)),
      [],
    )
  })

  test('PROTOCOL.md numbers its sections without a gap, which code and tests cite by number', async () => {
    const text = await readFile(join(root, 'PROTOCOL.md'), 'utf8')
    const numbers = [...text.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number))
    assert.ok(numbers.length >= 10)
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => i + 1),
    )
  })
})

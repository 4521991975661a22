import assert from 'node:assert/strict'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const root = new URL('../../', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')
const files = readdirSync(new URL('examples', root)).filter((name) => name !== 'README.md')

/** The rows of the tables in examples/README.md, each with the numbers of its seeds. */
function rows() {
  const sections = read('examples/README.md').split(/^## /m).slice(1)
  return sections.flatMap((section) => {
    const seeds = /^Seeds? ([\d and]+):/.exec(section)?.[1]?.match(/\d/g) ?? []
    const lines = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| heading'))
    return lines.map((line) => {
      const [, heading = '', cell = ''] = line.split('|').map((part) => part.trim())
      return { seeds, heading, files: [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, file = '']) => file) }
    })
  })
}

test('every example has one place in the table, and every place its example', () => {
  const listed = rows().flatMap((row) => row.files)
  assert.deepEqual(listed.toSorted(), files.toSorted())
})

test('every heading of the table stands in its seed', () => {
  const lines = new Map(
    globSync('test/fixtures/seeds/*-*', { cwd: root.pathname }).map((file) => [
      file.replace(/^.*\/(\d)-.*$/, '$1'),
      new Set(read(file).split('\n')),
    ]),
  )
  assert.equal(lines.size, 5)
  for (const { seeds, heading } of rows()) {
    assert.ok(
      seeds.some((seed) => lines.get(seed)?.has(heading)),
      `${heading} in seed ${seeds.join(', ')}`,
    )
  }
})

test('every example is run by a test', () => {
  const tests = globSync('test/examples/*.test.ts', { cwd: root.pathname }).map(read).join('\n')
  const names = files.map((file) => (file.endsWith('.sh') ? file : file.replace(/\.\w+$/, '')))
  assert.deepEqual(
    names.filter((name) => !new RegExp(`['"/]${name}(?:['".]|\\.tsx?)`).test(tests)),
    [],
  )
})

test('an example can be read at a glance, and imports the package by its name', () => {
  for (const file of files.filter((name) => /\.tsx?$/.test(name))) {
    const text = read(`examples/${file}`)
    assert.match(text, /^\/\/ [A-Z`].*[.:),]/, `${file} begins with what it shows`)
    assert.ok(text.split('\n').length <= 60, `${file} is short`)
    assert.doesNotMatch(text, /from '\.\.?\//, `${file} stands alone`)
  }
})

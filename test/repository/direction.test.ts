import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { directionOverrides, LAYERS } from '../../scripts/lint-layers.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A file planted into a copy of the tree's shape, and the rule it must break; `undefined` when it breaks none. */
interface Planted {
  readonly what: string
  readonly file: string
  readonly code: string
  readonly rule: string | undefined
}

const DIRECTION = 'no-restricted-imports'
const reads = (specifier: string): string =>
  `import { thing } from '${specifier}'\nexport const copy: unknown = thing\n`

const PLANTED: readonly Planted[] = [
  ...LAYERS.flatMap(({ name }, at) => neighbours(name, at)),
  plant('the gateway does not import the client', 'src/gateway/a.ts', reads('../client/x.ts'), DIRECTION),
  plant('the client does not import the gateway', 'src/client/a.ts', reads('../gateway/x.ts'), DIRECTION),
  plant('the client does not import node/', 'src/client/b.ts', reads('../node/x.ts'), DIRECTION),
  plant('the client does not import the simulator', 'src/client/c.ts', reads('../simulator/x.ts'), DIRECTION),
  plant('the client does not import the log', 'src/client/d.ts', reads('../log/x.ts'), DIRECTION),
  plant('the simulator does not import the client', 'src/simulator/a.ts', reads('../client/x.ts'), DIRECTION),
  plant('the client may import limits', 'src/client/e.ts', reads('../limit/x.ts'), undefined),
  plant('the gateway may import the log', 'src/gateway/b.ts', reads('../log/x.ts'), undefined),
  plant('a folder may import within itself', 'src/sse/a.ts', reads('./b/x.ts'), undefined),
  plant('a nested folder is held too', 'src/gateway/routes/a.ts', reads('../../cli/x.ts'), DIRECTION),
  plant('errors.ts does not import sse/', 'src/errors.ts', reads('./sse/x.ts'), DIRECTION),
  plant('pipe.ts does not import errors.ts', 'src/pipe.ts', reads('./errors.ts'), DIRECTION),
  plant(
    'a type is an import',
    'src/sse/c.ts',
    `import type { T } from '../client/x.ts'\nexport type U = T\n`,
    DIRECTION,
  ),
  plant('a re-export is an import', 'src/sse/d.ts', `export { thing } from '../client/x.ts'\n`, DIRECTION),
  plant(
    'a late import is an import',
    'src/sse/e.ts',
    `export const x: unknown = import('../client/x.ts')\n`,
    DIRECTION,
  ),
  plant('sse/ does not import node:', 'src/sse/f.ts', reads('node:fs'), DIRECTION),
  plant('gateway/ does not import node:', 'src/gateway/c.ts', reads('node:http'), DIRECTION),
  plant('node/ may import node:', 'src/node/a.ts', reads('node:http'), undefined),
  plant('log/ may import node:', 'src/log/a.ts', reads('node:fs'), undefined),
  plant('completion/ does not run npm packages', 'src/completion/a.ts', reads('zod'), DIRECTION),
  plant(
    'completion/ may use the types of npm packages',
    'src/completion/b.ts',
    `import type { Agent } from 'undici'\nexport type A = Agent\n`,
    undefined,
  ),
  plant(
    'a promise is not left floating',
    'src/node/b.ts',
    `const later = async (): Promise<void> => {}\nexport function go(): void {\n  later()\n}\n`,
    'no-floating-promises',
  ),
  plant(
    'an async function is not passed where nobody awaits it',
    'src/node/c.ts',
    `const later = async (): Promise<void> => {}\nexport const timer: unknown = setTimeout(async () => later(), 1)\n`,
    'no-misused-promises',
  ),
  plant('any is refused', 'src/node/d.ts', `export const x = (y: any): unknown => y\n`, 'no-explicit-any'),
  plant('a default export is refused', 'src/node/e.ts', `export default 1\n`, 'no-default-export'),
  plant(
    'a file of 301 lines is refused',
    'src/node/f.ts',
    Array.from({ length: 301 }, (_, i) => `export const x${i} = ${i}\n`).join(''),
    'max-lines',
  ),
  plant(
    'a function of 61 lines is refused',
    'src/node/g.ts',
    `export function long(): number {\n  let x = 0\n${'  x += 1\n'.repeat(58)}  return x\n}\n`,
    'max-lines-per-function',
  ),
]

/** Each layer imports from the one before it, and not from the one after it. */
function neighbours(name: string, at: number): readonly Planted[] {
  const [previous, next] = [LAYERS[at - 1]?.name, LAYERS[at + 1]?.name]
  if (name.endsWith('.ts') || previous === undefined || previous.endsWith('.ts')) return []
  const below = name === 'client' ? 'limit' : previous
  const planted = [plant(`${name}/ may import ${below}/`, `src/${name}/below.ts`, reads(`../${below}/x.ts`), undefined)]
  if (next === undefined) return planted
  const what = `${name}/ does not import ${next}/`
  return [...planted, plant(what, `src/${name}/above.ts`, reads(`../${next}/x.ts`), DIRECTION)]
}

function plant(what: string, file: string, code: string, rule: string | undefined): Planted {
  return { what, file, code, rule }
}

describe('the lint configuration', () => {
  let folder: string
  let broken: ReadonlyMap<string, readonly string[]>

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-direction-'))
    for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) {
      await copyFile(join(root, file), join(folder, file))
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const targets = LAYERS.map(({ name }) => name).filter((name) => !name.endsWith('.ts'))
    for (const at of [...targets, 'sse/b']) await write(`src/${at}/x.ts`, 'export const thing = 1\nexport type T = 1\n')
    for (const { file, code } of PLANTED) await write(file, code)
    broken = await lint(folder)
  })

  after(() => rm(folder, { recursive: true, force: true }))

  async function write(file: string, code: string): Promise<void> {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), code)
  }

  for (const { what, file, rule } of PLANTED) {
    test(what, () => assert.deepEqual(broken.get(file) ?? [], rule === undefined ? [] : [rule]))
  }

  test('finds nothing in the files that were planted as targets', () => {
    const targets = [...broken.keys()].filter((file) => file.endsWith('/x.ts'))
    assert.deepEqual(targets, [])
  })

  test('holds the layers as scripts/lint-layers.ts writes them', async () => {
    const config = JSON.parse(await readFile(join(root, '.oxlintrc.json'), 'utf8'))
    assert.deepEqual(config.overrides.slice(0, LAYERS.length), directionOverrides(), 'run npm run lint:layers')
  })

  test('names every folder and file of src/ as a layer', async () => {
    const known = LAYERS.map(({ name }) => name)
    const unknown = (await readdir(join(root, 'src'))).filter((name) => !known.includes(name))
    assert.deepEqual(unknown, [], 'give it a line in scripts/lint-layers.ts')
  })
})

/** The rules broken, by file. */
async function lint(cwd: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const output = await new Promise<string>((resolve, reject) => {
    const args = [join(root, 'node_modules/oxlint/bin/oxlint'), '--format=json', 'src']
    // Findings make oxlint exit with 1; only a run without output is a failure here.
    execFile(process.execPath, args, { cwd, maxBuffer: 1e8 }, (error, stdout) => {
      if (stdout.startsWith('{')) resolve(stdout)
      else reject(error ?? new Error(`oxlint said: ${stdout}`))
    })
  })
  const { diagnostics }: { diagnostics: readonly { code?: string; filename: string }[] } = JSON.parse(output)
  const found = new Map<string, string[]>()
  for (const { code, filename } of diagnostics) {
    const rules = found.get(filename) ?? []
    found.set(filename, [...rules, /\((.+)\)/.exec(code ?? '')?.[1] ?? String(code)])
  }
  return found
}

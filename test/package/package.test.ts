import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { type Consumer, installPacked, program, run } from './consumer.ts'

/** The specifiers of static and late imports and re-exports, as tsc prints them. */
const IMPORTS = /(?:^(?:import|export)\s[\w\s{},*$]*\bfrom\s*|^import\s*|\bimport\s*\(\s*)['"]([^'"]+)['"]/gm

/** What is typed by a name below the class is typed in the published declarations, too. */
const NAMES = `import { OpenAI } from 'sluice'
export const delta: OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta = { content: 'x' }
export const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'x' }]
// @ts-expect-error -- no such role
messages.push({ role: 'robot', content: 'x' })
// @ts-expect-error -- text is no number
delta.content = 5
`

describe('the packed package', () => {
  let consumer: Consumer
  before(async () => {
    consumer = await installPacked()
  })
  after(() => consumer?.remove())

  /** What programs import: `sluice/sse` for `./sse`. */
  const specifiers = (): readonly string[] =>
    Object.keys(consumer.manifest.exports)
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => subpath.replace('.', 'sluice'))

  test('holds dist/ and bin/, and no sources, tests or scripts', (t) => {
    const top = new Set(consumer.files.map(({ path }) => path.replace(/\/.*/, '/')))
    for (const folder of ['src/', 'test/', 'scripts/', 'bench/', '.ci/']) assert.equal(top.has(folder), false, folder)
    for (const needed of ['dist/', 'bin/', 'README.md', 'LICENSE', 'package.json']) assert.ok(top.has(needed), needed)
    const stray = consumer.files.filter(({ path }) => path.startsWith('dist/') && !/\.(js|js\.map|d\.ts)$/.test(path))
    assert.deepEqual(
      stray.filter(({ path }) => !path.startsWith('dist/web/')),
      [],
    )
    for (const subpath of [...top].toSorted()) {
      const files = consumer.files.filter(({ path }) => path === subpath || path.startsWith(subpath))
      const bytes = files.reduce((sum, { size }) => sum + size, 0)
      t.diagnostic(`${subpath} ${files.length} files, ${(bytes / 1024).toFixed(1)} KB`)
    }
    t.diagnostic(`tarball ${(consumer.packedBytes / 1024).toFixed(1)} KB`)
  })

  test('exports every index.ts of src/, and nothing that has no source', async () => {
    const src = fileURLToPath(new URL('../../src/', import.meta.url))
    // A name is that of its folder, but for the SDK and for the gateway, which is served by node/.
    const published = new Map([
      ['client', '.'],
      ['node', './gateway'],
    ])
    const folders = (await readdir(src)).filter((name) => existsSync(join(src, name, 'index.ts')))
    const expected = folders.map((name) => published.get(name) ?? `./${name}`)
    assert.deepEqual(Object.keys(consumer.manifest.exports).toSorted(), [...expected, './package.json'].toSorted())
  })

  test('loads by each of its export names', async () => {
    for (const specifier of specifiers()) {
      const script = `const names = Object.keys(await import('${specifier}')); console.log(names.length)`
      const { code, stdout, stderr } = await run(consumer.folder, process.execPath, '--input-type=module', '-e', script)
      assert.equal(code, 0, `${specifier}: ${stderr}`)
      assert.ok(Number(stdout) > 0, `${specifier} exports no value`)
    }
  })

  test('has an SDK that is imported in 10 ms, and keeps apart what is loaded when needed', async (t) => {
    const script = join(consumer.folder, 'time.mjs')
    // The first import pays for the loader itself.
    await writeFile(join(consumer.folder, 'empty.mjs'), '')
    await writeFile(
      script,
      `await import('./empty.mjs')
      const [cpu, wall] = [process.cpuUsage(), performance.now()]
      await import('sluice')
      const { user, system } = process.cpuUsage(cpu)
      console.log(JSON.stringify([(user + system) / 1_000, performance.now() - wall]))`,
    )
    const times: (readonly [cpu: number, wall: number])[] = []
    for (let i = 0; i < 15; i++) times.push(JSON.parse((await run(consumer.folder, process.execPath, script)).stdout))
    const [cpu, wall] = [Math.min(...times.map(([each]) => each)), Math.min(...times.map(([, each]) => each))]
    t.diagnostic(`${cpu.toFixed(1)} ms of CPU, ${wall.toFixed(1)} ms by the clock, at best of ${times.length}`)
    // Importing is nothing but work: its time by the clock is that of its CPU where other tests do not run beside it.
    assert.ok(Math.min(cpu, wall) <= 10, `${cpu.toFixed(1)} ms`)
    const parts = consumer.files.filter(({ path }) => /^dist\/client\/parts\/conversation-.*\.js$/.test(path))
    assert.equal(parts.length, 1)
    const index = await readFile(join(consumer.installed, 'dist/client/index.js'), 'utf8')
    assert.match(index, /from"\.\/parts\/core-/)
  })

  test('has one class for each error, whichever name it comes by', async () => {
    const script = `const [sdk, chat] = await Promise.all([import('sluice'), import('sluice/chat')])
      const shared = Object.keys(sdk).filter((name) => name in chat)
      console.log(shared.every((name) => sdk[name] === chat[name]))`
    const { stdout, stderr } = await run(consumer.folder, process.execPath, '--input-type=module', '-e', script)
    assert.equal(stdout.trim(), 'true', stderr)
  })

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    test(`type-checks strictly in a project that resolves modules like ${moduleResolution}`, async () => {
      const imports = specifiers().map((specifier, i) => `import * as m${i} from '${specifier}'\nexport { m${i} }\n`)
      await writeFile(join(consumer.folder, 'use.ts'), imports.join('') + NAMES)
      const flags = ['--strict', '--noEmit', '--target', 'esnext', '--types', 'node', '--skipLibCheck', 'false']
      const how = ['--module', String(module), '--moduleResolution', String(moduleResolution)]
      const { stdout } = await run(consumer.folder, program('tsc'), ...flags, ...how, 'use.ts')
      // Other packages' declarations are theirs to mend.
      const ours = stdout.split('\n').filter((line) => /^(use\.ts|node_modules\/sluice\/)/.test(line))
      assert.deepEqual(ours, [])
    })
  }

  test('imports only packages that it lists as dependencies', async () => {
    const { dependencies, peerDependencies } = consumer.manifest
    const listed = new Set(Object.keys({ ...dependencies, ...peerDependencies }))
    const unlisted: string[] = []
    for (const { path } of consumer.files.filter((file) => /^(dist|bin)\/.*\.(m?js|d\.ts)$/.test(file.path))) {
      const code = await readFile(join(consumer.installed, path), 'utf8')
      for (const [, specifier = ''] of code.matchAll(IMPORTS)) {
        const name = /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? ''
        if (!/^[.#]/.test(specifier) && !isBuiltin(specifier) && !listed.has(name))
          unlisted.push(`${path}: ${specifier}`)
      }
    }
    assert.deepEqual(unlisted, [])
  })

  test('has a command that runs and says its version', async () => {
    for (const [name, file] of Object.entries(consumer.manifest.bin)) {
      const { code, stdout, stderr } = await run(
        consumer.folder,
        process.execPath,
        join(consumer.installed, file),
        '--version',
      )
      assert.equal(code, 0, `${name}: ${stderr}`)
      assert.ok(stdout.includes(consumer.manifest.version), `${name} --version said ${stdout}`)
    }
  })

  test('gives publint nothing to say', async () => {
    const { messages, pkg } = await publint({ pkgDir: consumer.installed, strict: true, pack: false })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  test('has types that every ESM resolution finds (attw)', async () => {
    const flags = ['--profile', 'esm-only', '--no-definitely-typed', '--no-color', '--no-emoji', '--format', 'ascii']
    const { code, stdout, stderr } = await run(consumer.folder, program('attw'), consumer.tarball, ...flags)
    assert.equal(code, 0, stdout + stderr)
  })
})

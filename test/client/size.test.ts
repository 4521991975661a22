import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** Most kilobytes (1,024 bytes) of gzip, for what a page loads at once. What is loaded when needed is told beside. */
const BUDGETS = {
  'chat streaming and resume': {
    code: `import { OpenAI } from '${src}client/index.ts'
      const stream = await new OpenAI({ baseURL: '/v1' }).chat.completions.create({ model: 'm', messages: [], stream: true })
      for await (const text of stream.text()) console.log(text)`,
    atOnce: 19.5,
    inAll: 28,
  },
  errors: { code: `export { APIError, RateLimitError } from '${src}client/index.ts'`, atOnce: 1, inAll: Infinity },
} as const

/** Bundles as an application would: minified, unused code left out, `import()` in files of its own. */
async function bundle(code: string, outdir: string): Promise<readonly [atOnce: number, inAll: number]> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: code, loader: 'ts', resolveDir: src },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir,
    write: false,
    metafile: true,
    logLevel: 'error',
  })
  const texts = new Map(outputFiles.map(({ path, text }) => [path.slice(path.lastIndexOf('/') + 1), text]))
  const atOnce = new Set<string>()
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint === '<stdin>')
  collect(metafile, entry ?? assert.fail('no entry'), atOnce)
  const size = (names: Iterable<string>): number => {
    const text = Array.from(names, (name) => texts.get(name.slice(name.lastIndexOf('/') + 1)) ?? '').join('')
    return gzipSync(text, { level: 9 }).length / 1024
  }
  return [size(atOnce), size(texts.keys())]
}

/** The file and all that it imports from the start. */
function collect({ outputs }: Metafile, path: string, found: Set<string>): void {
  if (found.has(path)) return
  found.add(path)
  for (const { path: next, kind } of outputs[path]?.imports ?? []) {
    if (kind === 'import-statement') collect({ outputs, inputs: {} }, next, found)
  }
}

describe('the size of the SDK', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-size-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  for (const [what, { code, atOnce, inAll }] of Object.entries(BUDGETS)) {
    test(`${what}: at most ${atOnce} KB at once${inAll === Infinity ? '' : `, ${inAll} KB in all`}`, async (t) => {
      const [first, all] = await bundle(code, folder)
      t.diagnostic(`${first.toFixed(2)} KB at once, ${all.toFixed(2)} KB in all`)
      assert.ok(first <= atOnce, `${first.toFixed(2)} KB at once`)
      assert.ok(all <= inAll, `${all.toFixed(2)} KB in all`)
    })
  }

  test('bundled into one file, is imported in 10 ms at most', async (t) => {
    const file = join(folder, 'sluice.mjs')
    await build({
      entryPoints: [`${src}client/index.ts`],
      bundle: true,
      format: 'esm',
      outfile: file,
      logLevel: 'error',
    })
    const script = join(folder, 'time.mjs')
    // The first import pays for the loader itself.
    await writeFile(join(folder, 'empty.mjs'), '')
    await writeFile(
      script,
      `await import('./empty.mjs'); const t = performance.now(); await import('./sluice.mjs'); console.log(performance.now() - t)`,
    )
    const times = Array.from({ length: 9 }, () =>
      Number(execFileSync(process.execPath, [script], { encoding: 'utf8' })),
    )
    const best = Math.min(...times)
    t.diagnostic(`${best.toFixed(1)} ms at best of ${times.length}`)
    assert.ok(best <= 10, `${best.toFixed(1)} ms`)
  })
})

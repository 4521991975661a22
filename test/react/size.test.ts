import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a page downloads at once for these imports, in bytes, gzipped. */
async function sizeOf(...files: readonly string[]): Promise<number> {
  const contents = files.map((file) => `export * from './src/${file}/index.ts'\n`).join('')
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    external: ['react'],
    outdir: '/out',
    write: false,
    metafile: true,
  })
  const entry = Object.keys(metafile.outputs).find((path) => metafile.outputs[path]?.entryPoint === '<stdin>') ?? ''
  const wanted = new Set([entry])
  for (const path of wanted)
    for (const each of metafile.outputs[path]?.imports ?? [])
      if (each.kind === 'import-statement') wanted.add(each.path)
  const names = [...wanted].map((path) => path.split('/').at(-1) ?? '')
  return outputFiles
    .filter(({ path }) => names.some((name) => path.endsWith(`/${name}`)))
    .reduce((sum, { contents: bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0)
}

test('the hooks are small beside what they stand on', async (t) => {
  const [sdk, chat, react] = [
    await sizeOf('client'),
    await sizeOf('client', 'chat'),
    await sizeOf('client', 'chat', 'react'),
  ]
  const hooks = (await sizeOf('client', 'react')) - sdk
  t.diagnostic(`sluice ${sdk} B, sluice/chat on top ${chat - sdk} B, sluice/react on top of both ${react - chat} B`)
  t.diagnostic(`sluice/react on top of sluice alone ${hooks} B`)
  assert.ok(react - chat <= 512, `the adapters: ${react - chat} B`)
  // The rest of the conversation's state is fetched when it is first used.
  assert.ok(hooks <= 2 * 1024, `with what a page needs to be shown: ${hooks} B`)
})

// dist/: what runs in pages, as few files. tsc has written a file for each source file; for the SDK, the
// conversation and the hooks these are replaced by bundles that share one part, so that importing the SDK
// reads few files, and its classes are the same ones whichever name they come by. What is loaded when needed
// stays in files of its own. docs/decisions/0018-the-sdk-is-bundled.md has the reasons.
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as analyse } from 'esbuild'
import { build } from 'vite'

const root = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS: readonly string[] = ['client', 'chat', 'react']
const SDK = 'src/client/index.ts'

/** The modules that importing the SDK loads at once, by their paths from the root. */
async function core(): Promise<ReadonlySet<string>> {
  const { metafile } = await analyse({
    absWorkingDir: root,
    entryPoints: [SDK],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    packages: 'external',
    outdir: 'dist',
  })
  const found = new Set<string>()
  const visit = (path: string): void => {
    if (found.has(path)) return
    found.add(path)
    for (const { path: next, kind, external } of metafile.inputs[path]?.imports ?? [])
      if (kind === 'import-statement' && external !== true) visit(next)
  }
  visit(SDK)
  return found
}

const atOnce = await core()
for (const folder of FOLDERS) {
  const files = await readdir(join(root, 'dist', folder), { recursive: true })
  await Promise.all(files.filter((file) => file.endsWith('.js')).map((file) => rm(join(root, 'dist', folder, file))))
}
await build({
  root,
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  build: {
    outDir: 'dist',
    emptyOutDir: false,
    target: 'es2023',
    sourcemap: true,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: Object.fromEntries(FOLDERS.map((folder) => [`${folder}/index`, join(root, 'src', folder, 'index.ts')])),
      preserveEntrySignatures: 'strict',
      onLog(level, log, report) {
        // What importing the SDK loads at once may be asked for later, too; then it is there already.
        if (log.code !== 'INEFFECTIVE_DYNAMIC_IMPORT') report(level, log)
      },
      external: (id) => !id.startsWith('.') && !id.startsWith('/'),
      output: {
        format: 'es',
        // Node compiles what it imports: so it is a third of what was written. Names of classes stay, for those who
        // look at `error.constructor.name`; the source map has the rest.
        minify: { compress: true, mangle: { keepNames: { class: true, function: false } }, codegen: true },
        entryFileNames: '[name].js',
        chunkFileNames: 'client/parts/[name]-[hash].js',
        codeSplitting: { groups: [{ name: 'core', test: (id) => atOnce.has(id.slice(root.length)) }] },
      },
    },
  },
})

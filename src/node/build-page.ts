import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'

/** What the page is made of: its own files, and what it imports. */
const SOURCES: readonly string[] = [
  'web',
  'src/chat',
  'src/react',
  'src/client',
  'src/completion',
  'src/sse',
  'src/dialect',
]

/** A build takes a few seconds; a lock as old as this is one that somebody died with. */
const LOCK_MS = 60_000
const POLL_MS = 50

/**
 * Builds the page of a checkout when it is missing or older than its sources. Of several processes that want
 * it at once, one builds and the others wait for it.
 *
 * @throws SluiceError `internal` with what the build said.
 */
export async function buildPageWhenStale(root: string, say: (line: string) => void): Promise<void> {
  const target = join(root, 'dist/web')
  if (await isFresh(root, target)) return
  const cache = join(root, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  let folder: string | undefined
  const release = await lock(join(cache, 'sluice-web.lock'))
  try {
    if (await isFresh(root, target)) return
    say('building the page (web/), once')
    folder = await mkdtemp(join(cache, 'sluice-web-'))
    await runVite(root, folder)
    await mkdir(join(root, 'dist'), { recursive: true })
    await rm(target, { recursive: true, force: true })
    await rename(folder, target)
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    await release()
  }
}

/** Making a folder is what only one process can do. */
async function lock(folder: string): Promise<() => Promise<void>> {
  for (;;) {
    const isOurs = await mkdir(folder).then(
      () => true,
      () => false,
    )
    if (isOurs) return () => rm(folder, { recursive: true, force: true })
    const since = await modifiedAt(folder)
    if (since !== undefined && Date.now() - since > LOCK_MS) await rm(folder, { recursive: true, force: true })
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function isFresh(root: string, target: string): Promise<boolean> {
  const built = await modifiedAt(join(target, 'index.html'))
  return built !== undefined && built >= (await newestIn(root))
}

async function newestIn(root: string): Promise<number> {
  let newest = 0
  for (const source of SOURCES) {
    for (const entry of await readdir(join(root, source), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      newest = Math.max(newest, (await modifiedAt(join(entry.parentPath, entry.name))) ?? 0)
    }
  }
  return newest
}

async function modifiedAt(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined)
  return found?.mtimeMs
}

function runVite(root: string, outDir: string): Promise<void> {
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  const args = [vite, 'build', '--config', join(root, 'web/vite.config.ts'), '--outDir', outDir, '--logLevel', 'warn']
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.on('error', reject)
  child.on('close', (code) => {
    if (code === 0) resolve()
    else reject(new SluiceError('internal', `the page could not be built: ${said.trim().slice(-2_000)}`))
  })
  return promise
}

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

/**
 * Builds the page of a checkout when it is missing or older than its sources. Several processes may do so at
 * once: each builds into a folder of its own, and the last one to move it into place wins.
 *
 * @throws SluiceError `internal` with what the build said.
 */
export async function buildPageWhenStale(root: string, say: (line: string) => void): Promise<void> {
  const target = join(root, 'dist/web')
  const built = await modifiedAt(join(target, 'index.html'))
  if (built !== undefined && built >= (await newestIn(root))) return
  say('building the page (web/), once')
  const parent = join(root, 'node_modules/.cache')
  await mkdir(parent, { recursive: true })
  const folder = await mkdtemp(join(parent, 'sluice-web-'))
  try {
    await runVite(root, folder)
    await mkdir(join(root, 'dist'), { recursive: true })
    await swap(folder, target)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
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

/** A folder cannot be replaced in one step; a reader between the two finds none, and builds again. */
async function swap(folder: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true })
  // Another process was faster: what it built is as good.
  await rename(folder, target).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error
  })
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

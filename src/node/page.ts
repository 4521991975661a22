import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page, PageFile } from '../gateway/page.ts'
import { buildPageWhenStale } from './build-page.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

/** The package: a checkout when this file is its source, else what was published. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * The chat page of this package. Its files are read when the first of them is asked for; a checkout whose
 * page is missing or older than its sources is built then, and says so.
 *
 * @param say Told in a line what takes long.
 */
export function createPage(say: (line: string) => void): Page {
  let read: Promise<ReadonlyMap<string, PageFile>> | undefined
  const load = async (): Promise<ReadonlyMap<string, PageFile>> => {
    const isCheckout = import.meta.filename.endsWith('.ts') && existsSync(join(ROOT, 'web/vite.config.ts'))
    if (isCheckout) await buildPageWhenStale(ROOT, say)
    for (let attempt = 1; ; attempt++) {
      const files = await readFiles(join(ROOT, 'dist/web'))
      // In a checkout another process may have built it anew while it was read.
      if (!isCheckout || attempt === 5 || isWhole(files)) return files
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  return {
    files() {
      read ??= load()
      // A page that could not be built may be built another time.
      read.catch(() => (read = undefined))
      return read
    },
  }
}

/** Whether what the page names is there. */
function isWhole(files: ReadonlyMap<string, PageFile>): boolean {
  const html = new TextDecoder().decode(files.get('/index.html')?.bytes)
  const named = [...html.matchAll(/"(\/assets\/[^"]+)"/g)]
  return named.length > 0 && named.every(([, path = '']) => files.has(path))
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)]
    if (!entry.isFile() || type === undefined) continue
    const file = join(entry.parentPath, entry.name)
    const bytes = new Uint8Array(await readFile(file))
    const zipped = new Uint8Array(gzipSync(bytes, { level: 9 }))
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
    files.set(`/${relative(folder, file).split(sep).join('/')}`, {
      bytes,
      zipped: zipped.length < bytes.length ? zipped : undefined,
      type,
      etag,
    })
  }
  return files
}

import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isObject } from '../config/is-object.ts'

/** The package's folder: two up, from src/cli as from dist/cli. */
export const PACKAGE_ROOT: string = fileURLToPath(new URL('../../', import.meta.url))

/** The package's version. */
export async function readVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const version = isObject(manifest) ? manifest['version'] : undefined
  return typeof version === 'string' ? version : 'unknown'
}

/** A file's text; `undefined` when there is no such file. Rejects when it cannot be read. */
export async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (thrown) {
    if (errorCodeOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

/** A system error's code: `ENOENT`, `EADDRINUSE`. */
export function errorCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

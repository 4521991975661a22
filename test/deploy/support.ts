import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** A file of the checkout. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

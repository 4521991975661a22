// Runs an example from source: `npm run example chunk-kinds`. What follows the name is handed on.
import { existsSync } from 'node:fs'

const [name, ...rest] = process.argv.slice(2)
const file = new URL(`../examples/${name?.replace(/\.ts$/, '')}.ts`, import.meta.url)
if (name === undefined || !existsSync(file)) {
  console.error('Name an example: npm run example chunk-kinds (examples/README.md lists them)')
  process.exit(1)
}
await import('./from-source.mjs')
process.argv = [process.argv[0], file.pathname, ...rest]
await import(file.href)

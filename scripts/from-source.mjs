// Lets a program in this checkout import `sluice` from its source, without a build:
//
//   npx node --import ./scripts/from-source.mjs examples/chunk-kinds.ts     (or: npm run example chunk-kinds)
//
// What `exports` in package.json says of dist/ is taken from src/. In a project that has installed the package, its
// own `sluice` is there and nothing of this is needed.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** `sluice/sse` for the specifier, the source file's URL for the value. */
const sources = new Map(
  Object.entries(exports).flatMap(([subpath, target]) => {
    const source = target.default?.replace('./dist/', '../src/').replace(/\.js$/, '.ts')
    return source === undefined ? [] : [[subpath.replace('.', 'sluice'), new URL(source, import.meta.url).href]]
  }),
)

registerHooks({
  resolve(specifier, context, next) {
    const url = sources.get(specifier)
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
  },
})

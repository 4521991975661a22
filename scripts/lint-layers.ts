// The direction rule: a folder of src/ imports only from those before it in LAYERS. This file says
// what the layers are, and writes them as `no-restricted-imports` overrides into .oxlintrc.json:
//
//   npm run lint:layers
//
// A new folder of src/ is one line here. docs/decisions/0004-import-direction.md has the reasons.
import { readFileSync, writeFileSync } from 'node:fs'

/** A folder of src/ (or a file directly in it) and what it may reach beside the layers before it. */
interface Layer {
  readonly name: string
  /** Runs in browsers too: no `node:`, and npm packages for their types only. Checked by tsconfig.isomorphic.json as well. */
  readonly isomorphic?: true
  /** Owns files, sockets, processes or a database, so it may import `node:`. */
  readonly node?: true
  /** An isomorphic layer that may run npm packages. */
  readonly packages?: true
}

/** From the bottom up: a layer knows those before it, never those after it. */
export const LAYERS: readonly Layer[] = [
  { name: 'pipe.ts', isomorphic: true },
  { name: 'sluice-error.ts', isomorphic: true },
  { name: 'errors.ts', isomorphic: true },
  { name: 'clock.ts', isomorphic: true },
  { name: 'cancel.ts', isomorphic: true },
  { name: 'sse', isomorphic: true },
  { name: 'completion', isomorphic: true },
  { name: 'dialect', isomorphic: true },
  { name: 'provider' },
  { name: 'limit' },
  { name: 'upstream', node: true },
  { name: 'log', node: true },
  { name: 'ledger', node: true },
  { name: 'config', node: true },
  { name: 'gateway' },
  { name: 'simulator', node: true },
  { name: 'node', node: true },
  { name: 'client', isomorphic: true },
  { name: 'chat', isomorphic: true },
  { name: 'react', isomorphic: true, packages: true },
  { name: 'cli', node: true },
]

/** What runs beside a reader, though it stands below: server and client meet on the wire, not in an import. */
const SERVER: readonly string[] = ['upstream', 'log', 'ledger', 'config', 'gateway', 'simulator', 'node']
const CLIENT: readonly string[] = ['client', 'chat', 'react']

interface Pattern {
  readonly regex: string
  readonly message: string
  readonly allowTypeImports?: boolean
}

interface Override {
  readonly files: readonly string[]
  readonly rules: Readonly<Record<string, unknown>>
}

/** The overrides of .oxlintrc.json that hold the direction rule, one per layer. */
export function directionOverrides(): readonly Override[] {
  return LAYERS.map((layer) => ({
    files: [layer.name.endsWith('.ts') ? `src/${layer.name}` : `src/${layer.name}/**`],
    rules: { 'typescript/no-restricted-imports': ['error', { patterns: patterns(layer) }] },
  }))
}

function patterns(layer: Layer): readonly Pattern[] {
  const after = LAYERS.slice(LAYERS.indexOf(layer) + 1).map(({ name }) => name)
  const acrossTheWire = CLIENT.includes(layer.name) ? SERVER : []
  const forbidden = LAYERS.map(({ name }) => name).filter(
    (name) => after.includes(name) || acrossTheWire.includes(name),
  )
  const found: Pattern[] = []
  if (forbidden.length > 0) {
    const names = forbidden.map((name) => (name.endsWith('.ts') ? `${name.replace('.', '\\.')}$` : `${name}/`))
    found.push({
      regex: `^\\.{1,2}/(?:.*/)?(?:${names.join('|')})`,
      message: `${layer.name} imports only from the layers before it.`,
    })
  }
  if (layer.node === undefined) {
    found.push({
      regex: '^node:',
      message: `${layer.name} has no files, sockets or processes: take what is needed as an option.`,
    })
  }
  if (layer.isomorphic && !layer.packages) {
    const message = `${layer.name} runs in browsers: npm packages only as types.`
    found.push({ regex: '^[a-z@][^:]*$', message, allowTypeImports: true })
  }
  return found
}

if (import.meta.main) {
  const file = new URL('../.oxlintrc.json', import.meta.url)
  const config: { overrides: readonly Override[] } = JSON.parse(readFileSync(file, 'utf8'))
  const others = config.overrides.filter((override) => !('typescript/no-restricted-imports' in override.rules))
  writeFileSync(file, `${JSON.stringify({ ...config, overrides: [...directionOverrides(), ...others] }, null, 2)}\n`)
}

// Makes a checkout ready to run, and does nothing when it is. Runs before `npm start`, `npm test`,
// `npm run check` and the like (as their `pre` scripts), so it has to work on Node 20 and without
// node_modules.
//
// 1. Installs (`npm ci`) when what the lock file asks for is not what node_modules holds. Both are
//    compared row by row: times of files say nothing after a `git checkout`.
// 2. Checks that the project's own Node (the `node` package) runs, since npm may have been told to
//    skip install scripts, and runs its install step when it does not.
//
// It has to stay a `pre` script: a shell remembers where it found `node`, so `node setup.mjs && node
// app.mjs` in one line would go on with the machine's old Node after an install.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

const reason = whyInstall()
if (reason !== undefined) {
  console.log(`setup: ${reason}, running npm ci (about half a minute)`)
  npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error')
}
if (!ownNodeRuns()) {
  console.log("setup: the project's own Node is not in place, running its install step")
  npm('rebuild', 'node', '--ignore-scripts=false', '--loglevel=error')
  if (!ownNodeRuns()) fail('node_modules/node/bin/node does not run here; see docs/decisions/0003-node-from-npm.md')
}

/** Why node_modules does not do, or `undefined` when it does. */
function whyInstall() {
  const installed = rows('node_modules/.package-lock.json')
  if (installed === undefined) return 'node_modules is missing'
  for (const [path, row] of Object.entries(rows('package-lock.json') ?? {})) {
    if (path === '') continue
    const found = installed[path]
    // Bindings for other platforms are locked but never installed.
    if (found === undefined && (row.optional || row.devOptional)) continue
    if (found?.version !== row.version) return `${path} is not the locked ${row.version}`
  }
  return undefined
}

/** The `packages` of a lock file: path to row. npm writes node_modules' own one last, when all is in place. */
function rows(file) {
  const url = new URL(`../${file}`, import.meta.url)
  return existsSync(url) ? JSON.parse(readFileSync(url, 'utf8')).packages : undefined
}

function ownNodeRuns() {
  const binary = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url))
  try {
    const version = execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return version.trim() === `v${rows('package-lock.json')['node_modules/node'].version}`
  } catch {
    return false
  }
}

function npm(...args) {
  // Inside a script npm says where it is; that copy needs no shell and is the one the user chose.
  const cli = process.env.npm_execpath
  const [command, before] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  const options = {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: command === 'npm' && process.platform === 'win32',
  }
  try {
    execFileSync(command, [...before, ...args], options)
  } catch (error) {
    fail(`npm ${args[0]} failed${error.status ? ` with exit code ${error.status}` : `: ${error.message}`}`)
  }
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}

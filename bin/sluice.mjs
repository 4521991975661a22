#!/usr/bin/env node
// Plain JavaScript that any Node from 18 on can read: it finds the runtime and the program, no more.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const NEEDED = 24

const root = new URL('../', import.meta.url)
const major = Number(process.versions.node.split('.')[0])

if (major < NEEDED) startNewer()
else await start()

/** The TypeScript source in a checkout, what was built from it in an installed package. */
async function start() {
  const source = new URL('src/cli/main.ts', root)
  // Node does not strip types under node_modules, so a package there always runs what was built.
  const isInstalled = fileURLToPath(root).split(/[\\/]/).includes('node_modules')
  const file = !isInstalled && existsSync(source) ? source : new URL('dist/cli/main.js', root)
  const { main } = await import(file.href)
  process.exitCode = await main(process.argv.slice(2))
}

/** Hands over to the Node that `npm ci` put into the checkout; without one, says what is missing. */
function startNewer() {
  const program = process.platform === 'win32' ? 'node.exe' : 'node'
  const newer = fileURLToPath(new URL(`node_modules/node/bin/${program}`, root))
  if (!existsSync(newer)) {
    console.error(
      `sluice needs Node ${NEEDED} or newer, and this is ${process.version}: ` +
        `run "npm ci" in the checkout, or get a newer one from https://nodejs.org`,
    )
    process.exitCode = 1
    return
  }
  const child = spawn(newer, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`sluice: ${newer} cannot be started: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeAllListeners(name)
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

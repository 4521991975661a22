// Puts the package's own commands into its node_modules/.bin, so that `npx sluice` works inside a
// checkout after `npm ci`: npm links the commands of dependencies there, but not those of the
// package itself. Runs as `prepare`, that is after `npm ci` and before `npm pack`; doing it again
// changes nothing.
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const { bin } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const folder = fileURLToPath(new URL('../node_modules/.bin/', import.meta.url))

if (existsSync(folder)) {
  for (const [name, target] of Object.entries(bin)) link(name, target)
}

function link(name, target) {
  if (process.platform === 'win32') {
    // Links need a privilege there; npm writes such a file for its own commands too.
    writeFileSync(`${folder}${name}.cmd`, `@node "%~dp0\\..\\..\\${target.replaceAll('/', '\\')}" %*\r\n`)
    return
  }
  const file = fileURLToPath(new URL(`../${target}`, import.meta.url))
  if (existsSync(file)) chmodSync(file, 0o755)
  if (lstatSync(`${folder}${name}`, { throwIfNoEntry: false }) !== undefined) rmSync(`${folder}${name}`)
  symlinkSync(`../../${target}`, `${folder}${name}`)
}

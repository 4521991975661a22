// Completes package-lock.json for `npm ci`.
//
// npm leaves a platform's optional package (say, a macOS binding resolved on Linux) out of the lock
// file when the registry it asked does not serve it, and `npm ci` then refuses the lock file as out
// of sync. This adds the missing rows from what the lock file itself says: name, exact version, and
// the platform that the name spells. Run after every `npm install` that changes dependencies:
//
//   node scripts/complete-lock.mjs
//
// The rows carry no integrity hash, because nothing was downloaded to hash.
import { readFileSync, writeFileSync } from 'node:fs'

const OS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32', 'aix']
const CPU = ['arm64', 'arm', 'ia32', 'x64', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']
const LIBC = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' }

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = []

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(path, name) || !/^\d/.test(version)) continue
    const row = { version, ...platform(name), ...(entry.dev ? { dev: true } : {}), license: 'MIT', optional: true }
    lock.packages[`node_modules/${name}`] = row
    added.push(`${name}@${version}`)
  }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.log(added.length === 0 ? 'package-lock.json is complete' : `added ${added.length}: ${added.join(', ')}`)

/** Whether `name` resolves from `path` in the lock file, as Node resolves modules: nearest folder first. */
function isLocked(path, name) {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    if (lock.packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`] !== undefined) return true
    if (at === '') return false
  }
}

/** What a binding's name says of its platform, in the lock file's own words. */
function platform(name) {
  const words = name.split(/[-/]/)
  const os = OS.find((word) => words.includes(word))
  const cpu = CPU.find((word) => words.includes(word))
  const libc = Object.keys(LIBC).find((word) => words.includes(word))
  if (os === undefined && cpu === undefined) throw new Error(`${name}: no platform in its name; lock it by hand`)
  return {
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(libc && os === 'linux' ? { libc: [LIBC[libc]] } : {}),
    ...(os ? { os: [os] } : {}),
  }
}

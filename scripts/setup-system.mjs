// Programs outside npm that tests and benchmarks start, in one list with the reason for each.
//
//   node scripts/setup-system.mjs test     (before `npm test` and in CI)
//   node scripts/setup-system.mjs bench    (before `npm run bench`)
//
// On Debian and its kin, as root, missing ones are installed; elsewhere it prints what to install
// and goes on, and the test that needs the program says so itself. Never part of `npm start`.
// Plain JavaScript for Node 20: it runs before the project's own Node is there.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const PROGRAMS = [
  { command: 'curl', package: 'curl', for: 'test', reason: 'the README commands and the curl client tests' },
  { command: 'jq', package: 'jq', for: 'test', reason: "the shell samples of the providers' documentation" },
  { command: 'chromium', package: 'chromium', for: 'test', reason: 'the tests of the page' },
  { command: 'nginx', package: 'nginx', for: 'bench', reason: 'the proxy the relay is compared with' },
]

const purpose = process.argv[2]
if (purpose !== 'test' && purpose !== 'bench') {
  console.error('setup-system: say what for: test or bench')
  process.exit(1)
}

const missing = PROGRAMS.filter((program) => program.for === purpose && !isInstalled(program.command))
if (missing.length > 0) {
  for (const { command, reason } of missing) console.log(`setup-system: ${command} is missing (${reason})`)
  const packages = missing.map((program) => program.package)
  const canInstall = isInstalled('apt-get') && process.getuid?.() === 0
  if (canInstall) install(packages)
  else console.log(`setup-system: install it yourself, on Debian: sudo apt-get install ${packages.join(' ')}`)
}

function isInstalled(command) {
  // Debian keeps servers in sbin, which is not in every user's PATH.
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, command)))
}

function install(packages) {
  console.log(`setup-system: apt-get install ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { env, stdio: ['ignore', 'ignore', 'inherit'] }
  try {
    execFileSync('apt-get', ['update', '-qq'], options)
    execFileSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages], options)
  } catch {
    console.error(`setup-system: apt-get could not install ${packages.join(' ')}; what needs it will fail and say so`)
  }
}

// A virtual environment with the Python clients that tests run against the gateway, in .venv.
//
//   node scripts/setup-python.mjs     (before `npm test` and in CI)
//
// Does nothing when the environment is there and holds what test/interop/requirements.txt says. Without
// Python it says so and goes on, and the test that needs it says so itself. Runs on Node 20.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const requirements = `${root}test/interop/requirements.txt`
const stamp = `${root}.venv/installed.txt`
const wanted = readFileSync(requirements, 'utf8')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) install()

function install() {
  console.log('setup-python: installing the Python clients of test/interop into .venv')
  try {
    const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
    execFileSync('python3', ['-m', 'venv', '.venv'], options)
    execFileSync('.venv/bin/pip', ['install', '--quiet', '--disable-pip-version-check', '-r', requirements], options)
    writeFileSync(stamp, wanted)
  } catch (error) {
    console.error(`setup-python: not installed (${error.message.split('\n')[0]}); the tests that need it will say so`)
  }
}

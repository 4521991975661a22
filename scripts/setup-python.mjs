// Virtual environments with the Python clients that tests run against the gateway: .venv, and .venv-evolution for
// evolution-openai, which wants an openai below 2.
//
//   node scripts/setup-python.mjs     (before `npm test`, `npm run test:interop` and in CI)
//
// Does nothing where an environment is there and holds what its requirements in test/interop say. Without Python it
// says so and goes on, and the test that needs it says so itself. Runs on Node 20.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

ready('.venv', 'test/interop/requirements.txt')
ready('.venv-evolution', 'test/interop/requirements-evolution.txt')

function ready(folder, requirements) {
  const stamp = `${root}${folder}/installed.txt`
  const wanted = readFileSync(`${root}${requirements}`, 'utf8')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  console.log(`setup-python: installing the Python clients of ${requirements} into ${folder}`)
  try {
    const options = { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }
    execFileSync('python3', ['-m', 'venv', '--clear', folder], options)
    const install = ['install', '--quiet', '--disable-pip-version-check', '-r', requirements]
    execFileSync(`${folder}/bin/pip`, install, options)
    writeFileSync(stamp, wanted)
  } catch (error) {
    console.error(`setup-python: not installed (${error.message.split('\n')[0]}); the tests that need it will say so`)
  }
}

// Everything CI runs: `npm run check`. Steps that only read the tree run two at a time, so do test files; tests
// that measure, or drive a browser, run alone. Stops at the first failure and shows what that step said.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const programs = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}`, NO_COLOR: '1' }
delete env.FORCE_COLOR
/** A step that takes longer hangs. The whole of the check is meant to take under ten minutes. */
const LIMIT_MS = 20 * 60_000

const packageTests = globSync('test/package/**/*.test.ts', { cwd: root })
/** They count time, memory or processes, or wait for a browser that needs a core of its own. */
const soleTests = globSync('test/{bench,browser,chaos}/**/*.test.ts', { cwd: root })
const sole = new Set([...packageTests, ...soleTests])
const otherTests = globSync('test/**/*.test.ts', { cwd: root }).filter((file) => !sole.has(file))

const READING = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint', '--disable-nested-config'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'types without Node', command: ['tsc', '-p', 'tsconfig.isomorphic.json'] },
  { name: 'unused code and dependencies (knip)', command: ['knip', '--no-progress'] },
]
const TESTING = [
  {
    name: 'tests',
    command: ['node', '--test', '--test-concurrency=2', '--test-reporter=spec', ...otherTests],
    tests: true,
  },
  {
    name: 'tests in a browser, and of what measures',
    command: ['node', '--test', '--test-concurrency=1', '--test-reporter=spec', ...soleTests],
    tests: true,
  },
  {
    name: 'package tests (tarball: exports, types, bin, publint, attw)',
    command: ['node', '--test', '--test-reporter=spec', ...packageTests],
    tests: true,
  },
]

const running = new Set()
const counts = { pass: 0, fail: 0 }
const summaries = []
const started = performance.now()

const ok = (await inOrder(READING, 2)) && (await inOrder(TESTING, 1))
for (const { name, lines } of summaries) console.log(`\n${name}\n${lines.join('\n')}`)
console.log(`\n${ok ? 'all checks passed' : 'check failed'} in ${seconds(started)}`)
console.log(`${counts.pass} passed, ${counts.fail} failed`)
process.exitCode = ok ? 0 : 1

/** Runs steps, `width` at a time, until one fails. Resolves to whether all passed. */
async function inOrder(steps, width) {
  const left = [...steps]
  let good = true
  const lane = async () => {
    for (let step = left.shift(); step !== undefined && good; step = left.shift()) {
      const passed = await run(step, () => good)
      if (passed) continue
      good = false
      for (const child of running) child.kill()
    }
  }
  await Promise.all(Array.from({ length: width }, lane))
  return good
}

async function run(step, isWanted) {
  const begun = performance.now()
  const { code, output } = await finish(step.command)
  // Killed because another step failed: that one is the news.
  if (!isWanted()) return true
  const summary = step.tests ? count(step.name, output) : undefined
  const passed = code === 0 && (summary === undefined || summary.pass > 0)
  console.log(`${passed ? '✔' : '✖'} ${step.name} ${seconds(begun)}`)
  if (!passed) console.log(step.tests ? failures(output) : output)
  return passed
}

function finish([name, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(name, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const parts = []
    const timer = setTimeout(() => {
      parts.push(`\nstopped after ${LIMIT_MS / 60_000} minutes\n`)
      child.kill()
    }, LIMIT_MS)
    running.add(child)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => parts.push(bytes))
    child.on('error', (error) => parts.push(`${name}: ${error.message}\n`))
    child.on('close', (code) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({
        code,
        output: stripVTControlCharacters(Buffer.concat(parts.map((part) => Buffer.from(part))).toString()),
      })
    })
  })
}

/** Takes node:test's own closing lines, keeps them for the end, and adds up what they count. */
function count(name, output) {
  const lines = output.match(/^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) .*$/gm) ?? []
  const number = (word) => Number(lines.findLast((line) => line.startsWith(`ℹ ${word} `))?.split(' ')[2] ?? 0)
  const summary = { pass: number('pass'), fail: number('fail') + number('cancelled') }
  counts.pass += summary.pass
  counts.fail += summary.fail
  summaries.push({ name, lines: lines.slice(-8) })
  return summary
}

/** The part of node:test's output that says what failed; all of it when there is no such part. */
function failures(output) {
  const at = output.indexOf('✖ failing tests:')
  return at === -1 ? output : output.slice(at)
}

function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BIN, run } from './run.ts'

/** A Node on this machine that is older than what the package needs, if there is one. */
const OLD_NODE = findOldNode()

function findOldNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const node = join(folder, 'node')
    try {
      const major = Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])
      if (major < 24) return node
    } catch {
      // Not there.
    }
  }
  return undefined
}

/** Prints its arguments, waits for SIGTERM where told so, and exits with 7. */
const PROGRAM = `
export async function main(args) {
  const signalled = new Promise((resolve) => process.once('SIGTERM', resolve))
  console.log(process.versions.node.split('.')[0] >= 24, JSON.stringify(args))
  if (args[0] !== 'wait') return 7
  const waiting = setInterval(() => {}, 1000)
  const signal = await signalled
  clearInterval(waiting)
  console.log('got', signal)
  return 7
}
`

let folder = ''

/** A package with the real launcher around a tiny program. */
async function makePackage(at: string, file: string): Promise<string> {
  const bin = join(folder, at, 'bin/sluice.mjs')
  await mkdir(dirname(bin), { recursive: true })
  await cp(BIN, bin)
  await writeFile(join(folder, at, 'package.json'), '{"type":"module"}')
  const program = join(folder, at, file)
  await mkdir(dirname(program), { recursive: true })
  await writeFile(program, PROGRAM)
  return bin
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-launcher-'))
})
after(() => rm(folder, { recursive: true, force: true }))

describe('the launcher', () => {
  test('runs the source in a checkout', async () => {
    const bin = await makePackage('checkout', 'src/cli/main.ts')
    assert.deepEqual(await run(['a', '--b'], { bin }), { code: 7, stdout: 'true ["a","--b"]\n', stderr: '' })
  })

  test('runs what was built in an installed package, even if the source is there', async () => {
    const bin = await makePackage('project/node_modules/sluice', 'dist/cli/main.js')
    await makePackage('project/node_modules/sluice', 'src/cli/main.ts')
    await writeFile(join(folder, 'project/node_modules/sluice/src/cli/main.ts'), 'throw new Error("not this one")')
    assert.equal((await run([], { bin })).code, 7)
  })
})

describe(
  'the launcher on an older Node',
  { skip: OLD_NODE === undefined && 'this machine has no Node below 24' },
  () => {
    const node = OLD_NODE
    let withNewer = ''
    before(async () => {
      withNewer = await makePackage('old', 'src/cli/main.ts')
      await mkdir(join(folder, 'old/node_modules/node/bin'), { recursive: true })
      await symlink(process.execPath, join(folder, 'old/node_modules/node/bin/node'))
    })

    test('hands over to the Node of the checkout: arguments, output and exit code', async () => {
      const ended = await run(['x', 'y z'], { bin: withNewer, node })
      assert.deepEqual(ended, { code: 7, stdout: 'true ["x","y z"]\n', stderr: '' })
    })

    test('passes signals on and keeps the exit code', async () => {
      const child = spawn(node ?? '', [withNewer, 'wait'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      child.stdout.setEncoding('utf8')
      let output = ''
      child.stdout.on('data', (text: string) => {
        output += text
        if (output.endsWith('["wait"]\n')) child.kill('SIGTERM')
      })
      assert.deepEqual(await once(child, 'close'), [7, null])
      assert.equal(output, 'true ["wait"]\ngot SIGTERM\n')
    })

    test('says in one line what is needed, what was found and how to get it', async () => {
      const bin = await makePackage('alone', 'src/cli/main.ts')
      const { code, stdout, stderr } = await run(['serve'], { bin, node })
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(
        stderr,
        /^sluice needs Node 24 or newer, and this is v\d+\.\d+\.\d+: run "npm ci" .*https:\/\/nodejs\.org\n$/,
      )
    })

    test('says so when the newer one cannot be started', async () => {
      const bin = await makePackage('broken', 'src/cli/main.ts')
      const file = join(folder, 'broken/node_modules/node/bin/node')
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, '')
      await chmod(file, 0o644)
      const { code, stderr } = await run([], { bin, node })
      assert.equal(code, 1)
      assert.match(stderr, /^sluice: .*\/node cannot be started: .*EACCES\n$/)
    })

    test('runs the real thing', async () => {
      const { code, stdout } = await run(['--version'], { node })
      assert.equal(code, 0)
      assert.match(stdout, /^\d+\.\d+\.\d+/)
    })
  },
)

import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block whose opening line says `run`: "```sh run". */
interface Sample {
  readonly language: string
  readonly code: string
}

/** The address of the README; the test's server listens elsewhere. */
const ADDRESS = 'http://127.0.0.1:8787'

async function samples(): Promise<readonly Sample[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8')
  return [...text.matchAll(/^```(\w+) run\n([\s\S]*?)^```/gm)].map(([, language = '', code = '']) => ({
    language,
    code,
  }))
}

/** Resolves to the address that the server's start-up text names. */
async function listening(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    for (const stream of [server.stdout, server.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        said += text
        const address = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(said)?.[0]
        if (address !== undefined) resolve(address)
      })
    }
    server.once('exit', (code) => reject(new Error(`sluice serve ended with ${code}: ${said}`)))
  })
}

describe('the README', () => {
  let folder: string
  let server: ChildProcess
  let address: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-readme-'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const env = { ...process.env, SLUICE_PROVIDER: 'simulator' }
    const args = [join(root, 'bin/sluice.mjs'), 'serve', '--port', '0']
    server = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    address = await listening(server)
  })

  after(async () => {
    if (server?.exitCode === null && server.kill()) await once(server, 'exit')
    await rm(folder, { recursive: true, force: true })
  })

  /** Runs a program in the scratch folder; fails when it does. */
  async function output(command: string, ...args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      execFile(command, args, { cwd: folder }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)))
    })
  }

  test('has a shell sample and two JavaScript samples to run', async () => {
    assert.deepEqual(
      (await samples()).map(({ language }) => language),
      ['sh', 'js', 'js'],
    )
  })

  test('shows a curl command that streams an answer to its end', async () => {
    const sample = (await samples()).find(({ language }) => language === 'sh')
    const said = await output('bash', '-c', String(sample?.code).replaceAll(ADDRESS, address))
    assert.match(said, /"content":"[^"]/)
    assert.match(said, /"finish_reason":"stop"/)
    assert.match(said, /data: \[DONE\]\s*$/)
  })

  for (const [index, title] of ['prints an answer', 'loses its connection and reads the rest'].entries()) {
    test(`shows a program that ${title} with the OpenAI SDK`, async () => {
      const sample = (await samples()).filter(({ language }) => language === 'js')[index]
      await writeFile(join(folder, 'sample.mjs'), String(sample?.code).replaceAll(ADDRESS, address))
      const said = await output(process.execPath, 'sample.mjs')
      // What the simulator says at the end of every answer: nothing before it is missing.
      assert.match(said, /^You asked[^]*A simulated answer[^]*\)\*\s*$/)
      assert.equal(said.match(/You asked/g)?.length, 1, 'and nothing is said twice')
    })
  }
})

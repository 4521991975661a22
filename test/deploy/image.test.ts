import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { read, root } from './support.ts'

/**
 * The Dockerfile's stages without an engine: its own COPY and RUN lines, carried out in folders in place of
 * images. What only an engine can do (users, volumes, signals to process 1) is not shown here.
 */

interface Step {
  readonly verb: string
  readonly rest: string
}

/** The stages by name, the last one by ''. */
function stagesOf(dockerfile: string): ReadonlyMap<string, readonly Step[]> {
  const stages = new Map<string, Step[]>()
  let steps: Step[] = []
  for (const line of dockerfile
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')) {
    const [, verb = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    if (verb === 'FROM') stages.set(/ AS (\w+)$/.exec(rest)?.[1] ?? '', (steps = []))
    else if (verb !== '') steps.push({ verb, rest })
  }
  return stages
}

/** Runs a shell command with this Node and npm before others on the path. */
async function shell(command: string, cwd: string): Promise<void> {
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`
  const env: NodeJS.ProcessEnv = { PATH: path, HOME: process.env['HOME'] }
  // The certificates, proxies and registry of whoever runs this, and nothing else of npm's.
  for (const [name, value] of Object.entries(process.env)) {
    if (/^(?:.*_proxy|NODE_EXTRA_CA_CERTS|npm_config_(?:registry|cache|prefer_offline))$/i.test(name)) env[name] = value
  }
  const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${command}\n${said}`)
}

/** The build context as .dockerignore leaves it. */
async function contextIn(folder: string): Promise<void> {
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
  for (const path of allowed.map((line) => line.slice(1))) {
    const filter = (source: string): boolean => !/\/(?:node_modules|\.sluice|\.env[^/]*)$/.test(source)
    await cp(join(root, path), join(folder, path), { recursive: true, filter })
  }
}

/** One COPY line: from the context, or from another stage, into this one. */
async function copy(rest: string, at: { scratch: string; image: string; folder: string }): Promise<void> {
  const from = /^--from=(\w+) /.exec(rest)?.[1] ?? 'context'
  const paths = rest.replace(/^--from=\w+ /, '').split(' ')
  const into = paths.pop() ?? ''
  for (const path of paths) {
    const isFolder = path === '.' || !/\.\w+$|^LICENSE$/.test(path)
    const target = into.endsWith('/') && !isFolder ? join(into, path) : into
    const source = join(at.scratch, from, path)
    await cp(source, join(into.startsWith('/') ? at.image : at.folder, target), {
      recursive: true,
      verbatimSymlinks: true,
    })
  }
}

/** One RUN line. */
async function carryOut(command: string, folder: string): Promise<void> {
  // Users and links of a real root: what an engine is for.
  if (command.includes('chown')) return
  if (!command.startsWith('npm ci') || command.includes('--omit=dev')) return shell(command, folder)
  // The checkout has just this tree; to install it once more takes a minute and a half and shows nothing.
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
}

/** Carries out the Dockerfile; gives the folder that stands for the last stage's root. */
async function build(scratch: string): Promise<string> {
  await contextIn(join(scratch, 'context'))
  let image = scratch
  for (const [name, steps] of stagesOf(read('Dockerfile'))) {
    image = join(scratch, name === '' ? 'image' : name)
    let folder = image
    await mkdir(folder)
    for (const { verb, rest } of steps) {
      if (verb === 'WORKDIR') await mkdir((folder = join(image, rest)), { recursive: true })
      else if (verb === 'COPY') await copy(rest, { scratch, image, folder })
      else if (verb === 'RUN') await carryOut(rest, folder)
    }
  }
  await mkdir(join(image, 'usr/local/bin'), { recursive: true })
  await symlink(join(image, 'app/bin/sluice.mjs'), join(image, 'usr/local/bin/sluice'))
  return image
}

describe('the image', () => {
  let scratch: string
  let image: string
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'sluice-image-'))
    image = await build(scratch)
  })
  after(() => rm(scratch, { recursive: true, force: true }))

  const sluice = (args: readonly string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [join(image, 'usr/local/bin/sluice'), ...args], {
      cwd: image,
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

  test('has the program and what it needs, and neither sources nor development dependencies', async () => {
    const { packages }: { packages: Record<string, unknown> } = JSON.parse(
      await readFile(join(image, 'app/node_modules/.package-lock.json'), 'utf8'),
    )
    const { dependencies, devDependencies }: Record<string, Record<string, string>> = JSON.parse(read('package.json'))
    for (const name of Object.keys(dependencies ?? {})) assert.ok(`node_modules/${name}` in packages, name)
    for (const name of ['typescript', 'vite', 'openai', 'node']) {
      assert.ok(name in (devDependencies ?? {}) && !(`node_modules/${name}` in packages), name)
    }
    await assert.rejects(readFile(join(image, 'app/src/cli/main.ts')))
  })

  test('asks for a key before it listens where others can reach it, and is ready once there is one', async () => {
    const data = join(scratch, 'data')
    const cmd: unknown = JSON.parse(/^CMD (\[.*\])$/m.exec(read('Dockerfile'))?.[1] ?? '')
    assert.ok(Array.isArray(cmd))
    const places: Readonly<Record<string, string>> = { '/var/lib/sluice': data, '8787': '0' }
    const args = cmd.map((arg: unknown) => places[String(arg)] ?? String(arg).replace(/^\/etc/, join(image, 'etc')))
    const env = { OPENAI_API_KEY: 'sk-not-a-key-of-anybody' }
    const refused = sluice(args, env)
    const [code] = await once(refused, 'close')
    assert.equal(code, 1)
    const created = sluice(['keys', 'create', '--data', data, '--name', 'me', '--json'])
    assert.equal((await once(created, 'close'))[0], 0)
    const gateway = sluice(args, env)
    try {
      let said = ''
      gateway.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      gateway.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
      const port = (): string | undefined => /listens on http:\/\/[^\s/]+:(\d+)/.exec(said)?.[1]
      await until(() => port() !== undefined || gateway.exitCode !== null, 15_000, 'it listens')
      assert.ok(port(), said)
      // The health check of the Dockerfile itself.
      const check: unknown = JSON.parse(
        /^HEALTHCHECK[^[]*(\[.*\])$/m.exec(read('Dockerfile').replace('\\\n', ''))?.[1] ?? '',
      )
      assert.ok(Array.isArray(check))
      const [, ...rest] = check.map((part: unknown) => String(part).replace('8787', port() ?? ''))
      assert.equal((await once(spawn(process.execPath, rest), 'close'))[0], 0)
      assert.equal((await fetch(`http://127.0.0.1:${port()}/`)).status, 200, 'the page is built')
      gateway.kill('SIGTERM')
      assert.equal((await once(gateway, 'close'))[0], 0)
      assert.notEqual((await once(spawn(process.execPath, rest), 'close'))[0], 0)
    } finally {
      gateway.kill('SIGKILL')
    }
  })
})

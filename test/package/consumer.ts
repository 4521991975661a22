import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What these tests read of package.json. */
export interface Manifest {
  readonly version: string
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The packed package, and a project that has installed it. */
export interface Consumer {
  readonly manifest: Manifest
  /** The tarball that `npm publish` would upload. */
  readonly tarball: string
  /** Paths in the tarball with their sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly size: number }[]
  readonly packedBytes: number
  /** A project folder with the package in its node_modules. */
  readonly folder: string
  readonly installed: string
  remove(): Promise<void>
}

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; a failure is a value, with everything it said. */
export async function run(cwd: string, command: string, ...args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(command, args, { cwd, maxBuffer: 1e8 }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1
      resolve({ code, stdout, stderr })
    })
  })
}

/** The path of a program from the project's node_modules. */
export function program(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

/**
 * Packs a copy of the tree as `npm publish` would, build included, and unpacks the tarball into a new
 * project. Its dependencies are links to those installed here, and only what package.json lists as
 * `dependencies` is linked, so that a package which is only a development dependency is not found.
 */
export async function installPacked(): Promise<Consumer> {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-package-'))
  const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const tree = await copyTree(join(scratch, 'tree'))
  const npm = process.env['npm_execpath'] ?? ''
  const [command, before] = npm.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []]
  const packed = await run(tree, command, ...before, 'pack', '--json', '--silent', '--pack-destination', scratch)
  if (packed.code !== 0) throw new Error(`npm pack failed:\n${packed.stdout}${packed.stderr}`)
  const { filename, files, size } = packList(packed.stdout)
  const tarball = join(scratch, filename)

  const folder = join(scratch, 'project')
  const installed = join(folder, 'node_modules/sluice')
  await mkdir(installed, { recursive: true })
  await promisify(execFile)('tar', ['-xzf', tarball, '--strip-components=1', '-C', installed])
  for (const name of [
    ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    '@types/node',
    'undici-types',
  ]) {
    await mkdir(dirname(join(folder, 'node_modules', name)), { recursive: true })
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "private": true }\n')
  const remove = (): Promise<void> => rm(scratch, { recursive: true, force: true })
  return { manifest, tarball, files, packedBytes: size, folder, installed, remove }
}

/** A copy of what git would clone, with node_modules linked. */
async function copyTree(to: string): Promise<string> {
  const left = new Set(['node_modules', '.git', 'dist', 'coverage', '.sluice', '.venv'])
  for (const name of await readdir(root)) {
    if (!left.has(name)) await cp(join(root, name), join(to, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'))
  return to
}

interface PackList {
  readonly filename: string
  readonly size: number
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** npm's JSON, which scripts that ran before may have written in front of; npm 12 gives an object by name. */
function packList(stdout: string): PackList {
  const start = stdout.search(/^[[{]/m)
  const said: readonly PackList[] | Readonly<Record<string, PackList>> = JSON.parse(stdout.slice(start))
  const [first] = Object.values(said)
  if (first === undefined) throw new Error(`npm pack listed nothing: ${stdout}`)
  return first
}

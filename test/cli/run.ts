import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The launcher, as `npx sluice` runs it. */
export const BIN: string = fileURLToPath(new URL('../../bin/sluice.mjs', import.meta.url))

/** How a command ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a command is run with. */
export interface RunOptions {
  /** The folder it runs in. */
  readonly cwd?: string | undefined
  /** The whole environment beside PATH. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The Node that runs the launcher; this one unless told. */
  readonly node?: string | undefined
  /** The launcher; the checkout's unless told. */
  readonly bin?: string | undefined
}

/** Runs `sluice ARGS` in a process of its own, to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn(options.node ?? process.execPath, [options.bin ?? BIN, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.on('error', reject)
  child.on('close', (code) => resolve({ code, stdout, stderr }))
  return promise
}

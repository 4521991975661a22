import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../../bin/sluice.mjs', import.meta.url))
/** A start that takes longer than this has failed. */
const START_LIMIT = 30_000

/** The same provider twice: as one that goes on with a partial answer by itself, and as one that has to be asked to. */
function configuration(upstream: string): string {
  return `
providers:
  prefill: { preset: openai-compatible, baseUrl: '${upstream}', continuation: continue_final_message }
  instruct: { preset: openai-compatible, baseUrl: '${upstream}' }
models:
  'prefill/*': 'prefill/*'
  'instruct/*': 'instruct/*'
`
}

/** The real command in a process of its own, on the same folder and port every time. */
export class GatewayProcess {
  readonly url: string
  readonly #args: readonly string[]
  readonly #dir: string
  #child: ChildProcess | undefined

  /** `dir`: where it lives: its configuration, its data, and what it writes to standard error. */
  constructor(dir: string, port: number, upstream: string) {
    this.url = `http://127.0.0.1:${port}/v1`
    this.#dir = dir
    const config = join(dir, 'sluice.yaml')
    writeFileSync(config, configuration(upstream))
    this.#args = ['serve', '--config', config, '--log', 'file', '--data', join(dir, 'data'), '--port', String(port)]
  }

  /** Starts it, and resolves with the milliseconds until it took work. Rejects when it does not. */
  async start(): Promise<number> {
    const started = performance.now()
    this.launch()
    const health = new URL('/readyz', this.url)
    while (performance.now() - started < START_LIMIT) {
      if (this.#child?.exitCode != null) throw new Error(`the gateway ended by itself: ${this.#lastWords()}`)
      const response = await fetch(health).catch(() => undefined)
      await response?.arrayBuffer()
      if (response?.ok === true) return performance.now() - started
      await setTimeout(5)
    }
    throw new Error(`the gateway did not start within ${START_LIMIT} ms: ${this.#lastWords()}`)
  }

  /** Starts it without waiting for anything. */
  launch(): void {
    const errors = openSync(this.#errors, 'a')
    // Nothing of the caller's environment: a key there would choose another provider.
    const options = { cwd: this.#dir, env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'ignore', errors] }
    this.#child = spawn(process.execPath, [BIN, ...this.#args], { ...options, stdio: ['ignore', 'ignore', errors] })
    closeSync(errors)
  }

  get #errors(): string {
    return join(this.#dir, 'stderr.txt')
  }

  /** The end of its standard error: the folder it lives in is gone after the experiment. */
  #lastWords(): string {
    return readFileSync(this.#errors, 'utf8').slice(-2_000)
  }

  /** kill -9; resolves when the process is gone. Nothing happens to one that is not there. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('the server has no address')
  return address.port
}

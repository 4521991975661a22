import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Rig } from '../support/gateway.ts'

/** How an example is run. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly argv?: readonly string[]
}

/** What an example said, and what it threw. */
export interface Ran {
  readonly out: string
  readonly error: unknown
}

/** Gateways in place of a service: with Evolution's client, and with the names of models that MegaLLM and HolySheep have. */
export interface Services {
  readonly evolution?: Rig
  readonly service?: Rig
}

/** What the examples read to find a gateway, and others in place of the services. */
export function environment(
  open: Rig,
  { evolution = open, service = open }: Services = {},
): Readonly<Record<string, string>> {
  const { origin } = new URL(open.url)
  return {
    SLUICE_URL: origin,
    MEGALLM_BASE_URL: service.url,
    MEGALLM_API_KEY: 'sk-mega-0',
    HOLYSHEEP_BASE_URL: service.url,
    HOLYSHEEP_API_KEY: 'cr_0',
    FASTGPT_URL: origin,
    FASTGPT_API_KEY: 'fastgpt-0',
    EVOLUTION_BASE_URL: evolution.url,
    EVOLUTION_TOKEN_URL: new URL('/api/v1/auth/token', evolution.url).href,
    EVOLUTION_KEY_ID: 'your_key_id',
    EVOLUTION_SECRET: 'your_secret',
  }
}

const FROM_SOURCE = new URL('../../scripts/from-source.mjs', import.meta.url).href

/** Starts an example as it would run alone: in a thread of its own, which costs a tenth of a process. */
function start(name: string, { env = {}, stdin, argv = [] }: RunOptions): Worker {
  const worker = new Worker(new URL(`../../examples/${name}.ts`, import.meta.url), {
    execArgv: ['--import', FROM_SOURCE],
    argv: [...argv],
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdin: stdin !== undefined,
    stdout: true,
    stderr: true,
  })
  worker.stdin?.end(stdin)
  return worker
}

/** Runs an example to its end. */
export async function runExample(name: string, options: RunOptions = {}): Promise<Ran> {
  const worker = start(name, options)
  const out = text(worker.stdout)
  const complaints = text(worker.stderr)
  const error = await new Promise<unknown>((resolve) => {
    worker.once('error', resolve)
    worker.once('exit', (code) => resolve(code === 0 ? undefined : new Error(`${name} exited with ${code}`)))
  })
  const warned = await complaints
  return { out: await out, error: error ?? (warned === '' ? undefined : new Error(warned)) }
}

/** An example that serves. */
export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
}

/** Starts an example that serves; resolves when it says where. */
export async function serveExample(name: string, env: Readonly<Record<string, string>>): Promise<Served> {
  const worker = start(name, { env: { ...env, PORT: '0' } })
  let said = ''
  const port = await new Promise<string>((resolve, reject) => {
    for (const stream of [worker.stdout, worker.stderr]) {
      stream.setEncoding('utf8').on('data', (piece: string) => {
        said += piece
        const found = /port: ([1-9]\d*)/.exec(said)?.[1]
        if (found !== undefined) resolve(found)
      })
    }
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`${name} exited with ${code}: ${said}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  }
}

/** The path of an example, for programs that are not Node's. */
export function exampleFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/${name}`, import.meta.url))
}

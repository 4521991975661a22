import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNginx, startNginx } from './nginx.ts'
import { freePort, startServer } from './process.ts'
import type { Running } from './process.ts'

/** Something that stands between client and provider, or nothing. */
export interface Target {
  readonly name: string
  /** Why it cannot run here; undefined if it can. */
  readonly missing: string | undefined
  /** Scenarios it takes part in; undefined: all. */
  readonly only?: readonly string[]
  /** Starts it on `core`, in front of the provider that listens on `upstreamPort`. */
  start(upstreamPort: number, core: number | undefined): Promise<Running>
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NGINX = findNginx()
const SLUICE = [join(ROOT, 'bin/sluice.mjs'), join(ROOT, 'src/cli/main.ts')].find((file) => existsSync(file))

const direct: Target = {
  name: 'direct',
  missing: undefined,
  start: (upstreamPort) => Promise.resolve({ port: upstreamPort, pid: undefined, stop: () => Promise.resolve() }),
}

const nginx: Target = {
  name: 'nginx',
  missing: NGINX === undefined ? 'nginx is not installed' : undefined,
  start: (upstreamPort, core) => startNginx(core, NGINX ?? 'nginx', upstreamPort),
}

const pipe: Target = {
  name: 'pipe',
  missing: undefined,
  async start(upstreamPort, core) {
    const port = await freePort()
    const script = join(ROOT, 'bench/pipe-target.ts')
    return startServer(core, port, [process.execPath, script, String(port), String(upstreamPort)])
  },
}

function sluice(name: string, log: 'memory' | 'file', only?: readonly string[]): Target {
  return {
    name,
    missing: SLUICE === undefined ? 'bin/sluice.mjs and src/cli/main.ts are both missing' : undefined,
    ...(only === undefined ? {} : { only }),
    async start(upstreamPort, core) {
      const port = await freePort()
      const upstream = `http://127.0.0.1:${upstreamPort}/v1`
      const data = mkdtempSync(join(tmpdir(), 'sluice-bench-data-'))
      const place = ['--port', String(port), '--host', '127.0.0.1', '--upstream', upstream, '--upstream-key', 'bench']
      const store = log === 'file' ? ['--log', log, '--data', data] : ['--log', log]
      const command = [process.execPath, SLUICE ?? '', 'serve', ...place, ...store] as const
      return startServer(core, port, command, () => rmSync(data, { recursive: true, force: true }))
    },
  }
}

/** What `npm run bench` compares, in this order. A new target is a new row here. */
export const TARGETS: readonly Target[] = [
  direct,
  nginx,
  pipe,
  sluice('sluice', 'memory'),
  // The durable log's bars are about these two; the others would cost a minute and say the same.
  sluice('sluice-file', 'file', ['paced', 'saturated']),
]

import { join } from 'node:path'
import type { ArgsDef, CommandDef } from 'citty'
import pc from 'picocolors'
import type { RunningSimulator, Start, StartFlags } from '../config/start.ts'
import { SluiceError } from '../errors.ts'
import type { RunningServer } from '../node/serve.ts'
import { choiceFlag, portFlag, textFlag, type Flags } from './flags.ts'
import { errorCodeOf, PACKAGE_ROOT, readText, readVersion } from './package.ts'
import { onHangup } from './reload.ts'
import { startText } from './start-text.ts'
import { stopOnSignal } from './stop.ts'

const args: ArgsDef = {
  port: { type: 'string', valueHint: 'N', description: 'Port to listen on, 0 for any free one (8787)' },
  host: { type: 'string', valueHint: 'H', description: 'Address to listen on (127.0.0.1)' },
  config: { type: 'string', valueHint: 'FILE', description: 'Configuration (./sluice.yaml if it exists)' },
  upstream: { type: 'string', valueHint: 'URL', description: 'Pass every model name through to this base URL' },
  'upstream-key': { type: 'string', valueHint: 'KEY', description: 'API key for --upstream' },
  log: { type: 'string', valueHint: 'memory|file', description: 'Where streams are kept (file)' },
  data: { type: 'string', valueHint: 'DIR', description: 'Folder of the file log (./.sluice)' },
  durability: {
    type: 'string',
    valueHint: 'process|power',
    description: 'What an acknowledged token survives in the file log (process)',
  },
}

/** `sluice serve`: the gateway. */
export const serveCommand: CommandDef = {
  meta: { name: 'serve', description: 'Start the gateway' },
  args,
  run: ({ args: flags }) => runServe(flags),
}

async function runServe(flags: Flags): Promise<void> {
  const { chooseStart } = await import('../config/start.ts')
  const start = await chooseStart(startFlags(flags), { env: process.env, fetch, readText, startSimulator })
  const server = await listen(start)
  // Before the text: who reads it may send the signal at once.
  const stopped = stopOnSignal(async () => {
    await server.shutdown()
    await start.simulator?.close()
  })
  // Without a file there is nothing to reload, and SIGHUP ends the process as ever.
  const reload = server.reload
  if (reload !== undefined) {
    const stop = (): void => void process.kill(process.pid, 'SIGTERM')
    onHangup({ reload: () => void reload(), stop }, process.stdin.isTTY)
  }
  const docs = join(PACKAGE_ROOT, 'README.md')
  console.log(
    startText({
      version: await readVersion(),
      url: server.url,
      adminUrl: server.adminUrl,
      isGuarded: !server.gateway.isOpen,
      start,
      docs,
      colors: pc,
    }),
  )
  await stopped
  // Not left to the event loop: an idle connection to a provider would hold the process for seconds.
  process.exit(0)
}

/** The command line's part of the configuration. @throws SluiceError `invalid_value`. */
export function startFlags(flags: Flags): StartFlags {
  const upstream = textFlag(flags, 'upstream')
  const upstreamKey = textFlag(flags, 'upstream-key')
  if (upstreamKey !== undefined && upstream === undefined) {
    throw new SluiceError('invalid_value', '--upstream-key needs --upstream')
  }
  return {
    config: textFlag(flags, 'config'),
    upstream,
    upstreamKey,
    host: textFlag(flags, 'host'),
    port: portFlag(flags, 'port'),
    data: textFlag(flags, 'data'),
    log: choiceFlag(flags, 'log', ['memory', 'file']),
    durability: choiceFlag(flags, 'durability', ['process', 'power']),
  }
}

async function startSimulator(): Promise<RunningSimulator> {
  const simulator = await import('../simulator/index.ts')
  return simulator.startSimulator({ port: 0 })
}

async function listen(start: Start): Promise<RunningServer> {
  const { serve } = await import('../node/serve.ts')
  const { host, port } = start.config.server
  try {
    const { config, source, text } = start
    return await serve({ config, file: source === undefined || text === undefined ? undefined : { source, text } })
  } catch (thrown) {
    await start.simulator?.close()
    throw addressError(thrown, host, port)
  }
}

/** Why an address cannot be had, in one line; any other error as it is. */
export function addressError(thrown: unknown, host: string, port: number): unknown {
  switch (errorCodeOf(thrown)) {
    case 'EADDRINUSE':
      return new SluiceError(
        'config_invalid',
        `port ${portIn(thrown) ?? port} on ${host} is in use: choose another with --port`,
      )
    case 'EACCES':
      return new SluiceError('config_invalid', `port ${port} on ${host} is not ours to use: choose one above 1023`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new SluiceError('config_invalid', `${host} is no address of this machine: check --host`)
    default:
      return thrown
  }
}

/** The operator's listener has a port of its own. */
function portIn(thrown: unknown): number | undefined {
  return thrown instanceof Error && 'port' in thrown && typeof thrown.port === 'number' ? thrown.port : undefined
}

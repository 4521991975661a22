import type { ArgsDef, CommandDef } from 'citty'
import pc from 'picocolors'
import { portFlag, textFlag, type Flags } from './flags.ts'
import { addressError } from './serve.ts'
import { stopOnSignal } from './stop.ts'

const DEFAULT_PORT = 9090

const args: ArgsDef = {
  port: { type: 'string', valueHint: 'N', description: `Port to listen on, 0 for any free one (${DEFAULT_PORT})` },
  replay: { type: 'string', valueHint: 'DIR', description: 'Serve the recorded streams of this folder' },
  seed: { type: 'string', valueHint: 'S', description: 'Seed of the generated answers' },
}

/** `sluice simulate`: a provider to try things out with. */
export const simulateCommand: CommandDef = {
  meta: { name: 'simulate', description: 'Start an OpenAI-compatible provider that makes its answers up' },
  args,
  run: ({ args: flags }) => runSimulate(flags),
}

async function runSimulate(flags: Flags): Promise<void> {
  const port = portFlag(flags, 'port') ?? DEFAULT_PORT
  const { startSimulator } = await import('../simulator/index.ts')
  const simulator = await startSimulator({
    port,
    seed: seedFlag(flags),
    replayDir: textFlag(flags, 'replay'),
  }).catch((thrown: unknown) => {
    throw addressError(thrown, '127.0.0.1', port)
  })
  const stopped = stopOnSignal(() => simulator.close())
  console.log(`\n  ${pc.bold('Sluice simulator')} listens on ${pc.cyan(simulator.url)}\n`)
  await stopped
  process.exit(0)
}

/** Digits are the number, as in `sim:seed=7`; other text is a seed too. */
function seedFlag(flags: Flags): number | string | undefined {
  const seed = textFlag(flags, 'seed')
  return seed !== undefined && /^\d{1,15}$/.test(seed) ? Number(seed) : seed
}

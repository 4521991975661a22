import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseJson } from '../src/completion/json.ts'
import { compare, EFFORT } from './compare.ts'
import { freePort, startServer } from './process.ts'
import type { Target } from './targets.ts'
import type { Figure } from './window.ts'

/**
 * `npm run bench -- teams [--rounds 5] [--seconds 3] [--before CHECKOUT]`: what keys, limits, budgets, prices and
 * usage on disk cost. The same gateway without any of it and with all of it, in turn, in each round; with
 * `--before` also that of another checkout, from before there were any.
 */
const GATEWAY = fileURLToPath(new URL('../bin/sluice.mjs', import.meta.url))
const BARS: readonly (readonly [scenario: string, figure: Figure, bound: 'at most' | 'at least', times: number])[] = [
  ['paced', 'cpuPerToken', 'at most', 1.05],
  ['short', 'streamsPerSecond', 'at least', 0.85],
]

/**
 * After five seconds of `short` the compiler is in the middle of its largest burst: it doubles the cost of a stream
 * for a second, sooner in one gateway and later in the other. In seconds.
 */
const WARM_UP = 10

function gateway(name: string, program: string, isGuarded: boolean): Target {
  return {
    name,
    missing: undefined,
    async start(upstreamPort, core) {
      const port = await freePort()
      const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-teams-'))
      const config = join(folder, 'sluice.yaml')
      // Beside the configuration, as it is installed: its folder is watched for changes.
      const data = join(folder, 'data')
      const price = isGuarded ? ['prices: { gpt-4o-mini: { input: 0.15, output: 0.6, cachedInput: 0.075 } }'] : []
      writeFileSync(
        config,
        [
          `providers: { only: { preset: openai-compatible, baseUrl: "http://127.0.0.1:${upstreamPort}/v1", apiKey: bench } }`,
          isGuarded ? `log: { kind: memory, dir: ${JSON.stringify(data)} }` : 'log: { kind: memory }',
          ...price,
          'models: { gpt-4o-mini: { targets: [{ provider: only }] } }',
        ].join('\n'),
      )
      const key = isGuarded ? createKey(data) : undefined
      const place = ['--port', String(port), '--host', '127.0.0.1', '--config', config]
      const command = [process.execPath, program, 'serve', ...place] as const
      const running = await startServer(core, port, command, () => rmSync(folder, { recursive: true, force: true }))
      return { ...running, key }
    },
  }
}

/** Every limit there is, as high as a large team's: none is met by the 300,000 requests a minute of `short`. */
function createKey(data: string): string {
  const limits = ['--rpm', '1000000', '--tpm', '100000000', '--concurrency', '5000', '--budget', '10000/month']
  const text = execFileSync(
    process.execPath,
    [GATEWAY, 'keys', 'create', '--data', data, '--name', 'bench', ...limits, '--json'],
    { encoding: 'utf8' },
  )
  const made = parseJson(text)
  if (typeof made === 'object' && made !== null && 'key' in made && typeof made.key === 'string') return made.key
  throw new Error(`no key in ${text}`)
}

const { values } = parseArgs({
  options: {
    ...EFFORT,
    before: { type: 'string' },
  },
})
const targets = [gateway('without', GATEWAY, false), gateway('with', GATEWAY, true)]
if (values.before !== undefined) targets.unshift(gateway('before', join(values.before, 'bin/sluice.mjs'), false))
const scenarios = BARS.map(([scenario]) => scenario)
const results = await compare(targets, scenarios, values, WARM_UP)
console.log('\n## what keys, limits, budgets, prices and usage cost\n')
for (const [scenario, figure, bound, times] of BARS) {
  const summaries = results.get(scenario) ?? []
  const figureOf = (name: string): number =>
    summaries.find(({ target }) => target === name)?.figures[figure] ?? Number.NaN
  for (const base of ['without', 'before']) {
    const ratio = figureOf('with') / figureOf(base)
    if (Number.isNaN(ratio)) continue
    const isMet = bound === 'at most' ? ratio <= times : ratio >= times
    const doubt = summaries.some((summary) => summary.doubt !== undefined) ? ' (?)' : ''
    console.log(
      `${scenario} ${figure}: with / ${base} = ${ratio.toFixed(3)}, ${bound} ${times}: ${isMet ? 'met' : 'MISSED'}${doubt}`,
    )
  }
}

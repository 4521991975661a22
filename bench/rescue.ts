import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, EFFORT } from './compare.ts'
import { freePort, startServer } from './process.ts'
import type { Target } from './targets.ts'
import type { Figure } from './window.ts'

/**
 * `npm run bench -- rescue [--rounds 5] [--seconds 3]`: what rescue costs when nothing fails. The same gateway
 * with a route that can rescue nothing (one target, one attempt) and with one that can (two targets, four
 * attempts), in turn, in each round. The first one is measured twice: how far its two figures lie apart is
 * the noise, and the second one must not lie further away.
 */
const GATEWAY = fileURLToPath(new URL('../bin/sluice.mjs', import.meta.url))
const FIGURES: readonly (readonly [scenario: string, figure: Figure, unit: string])[] = [
  ['paced', 'cpuPerToken', 'us'],
  ['paced', 'latencyP50', 'ms'],
  ['short', 'cpuPerStream', 'us'],
  ['short', 'ttftP50', 'ms'],
]
/** Differences below this share are noise on any machine. */
const NOISE = 0.03

/** A gateway whose models all have these targets. */
function gateway(name: string, canRescue: boolean): Target {
  return {
    name,
    missing: undefined,
    async start(upstreamPort, core) {
      const port = await freePort()
      const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-rescue-'))
      const config = join(folder, 'sluice.yaml')
      const upstream = `{ preset: openai-compatible, baseUrl: "http://127.0.0.1:${upstreamPort}/v1", apiKey: bench }`
      writeFileSync(
        config,
        [
          `providers: { first: ${upstream}, second: ${upstream} }`,
          'log: { kind: memory }',
          'models:',
          '  gpt-4o-mini:',
          `    maxAttempts: ${canRescue ? 4 : 1}`,
          `    targets: [{ provider: first }${canRescue ? ', { provider: second }' : ''}]`,
        ].join('\n'),
      )
      const place = ['--port', String(port), '--host', '127.0.0.1', '--config', config]
      const command = [process.execPath, GATEWAY, 'serve', ...place] as const
      return startServer(core, port, command, () => rmSync(folder, { recursive: true, force: true }))
    },
  }
}

const TARGETS: readonly Target[] = [
  gateway('one target', false),
  gateway('two targets', true),
  gateway('one target, again', false),
]

const { values } = parseArgs({ options: EFFORT })
const scenarios = FIGURES.map(([scenario]) => scenario)
const results = await compare(TARGETS, scenarios, values)
console.log('\n## what rescue costs when nothing fails\n')
for (const [scenario, figure, unit] of FIGURES) {
  const [first = Number.NaN, two = Number.NaN, again = Number.NaN] = (results.get(scenario) ?? []).map(
    ({ figures }) => figures[figure] ?? Number.NaN,
  )
  const one = (first + again) / 2
  const noise = Math.max(Math.abs(first - again) / one, NOISE)
  const cost = two / one - 1
  const isDoubtful = results.get(scenario)?.some(({ doubt }) => doubt !== undefined) === true
  console.log(
    `${scenario} ${figure}: one target ${first.toFixed(3)} and ${again.toFixed(3)}, two ${two.toFixed(3)} ${unit}: ` +
      `${(cost * 100).toFixed(1)} % (noise ${(noise * 100).toFixed(1)} %): ${cost <= noise ? 'met' : 'MISSED'}${isDoubtful ? ' (?)' : ''}`,
  )
}

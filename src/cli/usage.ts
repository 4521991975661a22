import { join } from 'node:path'
import type { ArgsDef, CommandDef } from 'citty'
import type { UsageSum } from '../ledger/usage.ts'
import { textFlag, usage as wrongCall, type Flags } from './flags.ts'

const args: ArgsDef = {
  data: { type: 'string', valueHint: 'DIR', description: "The gateway's data folder (./.sluice)" },
  from: { type: 'string', valueHint: 'DAY', description: 'First day, UTC (30 days up to the last one)' },
  to: { type: 'string', valueHint: 'DAY', description: 'Last day, UTC (today)' },
  by: { type: 'string', valueHint: 'A,B', description: 'Sums by day, key, model, provider (day,model)' },
  csv: { type: 'boolean', description: 'Answer in CSV' },
  json: { type: 'boolean', description: 'Answer in JSON' },
}

/** `sluice usage`: what streams used and cost, also while the gateway runs. */
export const usageCommand: CommandDef = {
  meta: { name: 'usage', description: 'Show what was used and what it cost' },
  args,
  run: ({ args: flags }) => runUsage(flags),
}

async function runUsage(flags: Flags): Promise<void> {
  if (flags['csv'] === true && flags['json'] === true) throw wrongCall('--csv and --json exclude each other')
  const [{ sumUsageOf }, { queryOf }, wire, { LEDGER_FILE }] = await Promise.all([
    import('../ledger/usage-sum.ts'),
    import('../gateway/usage-query.ts'),
    import('../gateway/usage-wire.ts'),
    import('../node/open-stores.ts'),
  ])
  const query = queryOf((name) => textFlag(flags, name === 'group_by' ? 'by' : name), Date.now())
  const sums = sumUsageOf(join(textFlag(flags, 'data') ?? '.sluice', LEDGER_FILE), query)
  if (flags['csv'] === true) process.stdout.write(wire.usageCsv(query, sums))
  else if (flags['json'] === true) console.log(JSON.stringify(wire.usageJson(query, sums), null, 2))
  else console.log(usageText(query.by, sums, wire.totalOf(sums)))
}

/** Sums as people read them, the total last. */
function usageText(by: readonly (keyof UsageSum)[], sums: readonly UsageSum[], total: UsageSum): string {
  const numbers = ['streams', 'prompt', 'cached', 'completion', 'dollars', 'unpriced', 'estimated']
  const row = (names: readonly string[], sum: UsageSum): string[] => [
    ...names,
    ...[sum.streams, sum.promptTokens, sum.cachedTokens, sum.completionTokens].map(String),
    (sum.nanoDollars / 1e9).toFixed(6),
    ...[sum.unpriced, sum.estimated].map(String),
  ]
  const named = sums.map((sum) =>
    row(
      by.map((group) => String(sum[group])),
      sum,
    ),
  )
  const last = row(
    by.map((_, i) => (i === 0 ? 'total' : '')),
    total,
  )
  const rows = [[...by, ...numbers], ...named, last]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? []
  const aligned = (cell: string, column: number): string =>
    column < by.length ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((cells) => cells.map(aligned).join('  ').trimEnd()).join('\n')
}

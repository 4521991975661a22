import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogConfig } from '../config/config.ts'
import type { Orphan } from '../gateway/take-up.ts'
import { createLedger, type Ledger } from '../ledger/ledger.ts'
import { createFileLog } from '../log/file-log.ts'
import { createMemoryLog } from '../log/memory-log.ts'
import type { StreamLog, StreamState, StreamWriter } from '../log/stream-log.ts'

/** Wall-clock milliseconds that do not jump when the clock is set. */
const now = (): number => performance.timeOrigin + performance.now()

/** The ledger of a data folder. */
export const LEDGER_FILE = 'ledger.db'

/** Where a gateway keeps what must not be lost. */
export interface Stores {
  readonly log: StreamLog
  readonly ledger: Ledger
  /** Streams whose producer died with the last process. */
  readonly orphans: readonly Orphan[]
}

/** The ledger's file in a data folder, which is made if it is not there; without a folder, memory. */
async function ledgerPath(dir: string | undefined): Promise<string> {
  if (dir === undefined) return ':memory:'
  await mkdir(dir, { recursive: true })
  return join(dir, LEDGER_FILE)
}

/** The stores that the configuration asks for. Rejects when their folder cannot be had. */
export async function openStores(config: LogConfig, usageRetentionMs?: number): Promise<Stores> {
  const { retention } = config
  if (config.kind === 'memory') {
    const ledger = createLedger({ path: await ledgerPath(config.dir), now, retentionMs: retention, usageRetentionMs })
    return { log: createMemoryLog({ now, retentionMs: retention, maxBytes: config.maxBytes }), ledger, orphans: [] }
  }
  const { dir, durability, maxBytes } = config
  const orphans: Orphan[] = []
  const onOrphan = (state: StreamState, writer: StreamWriter): void => void orphans.push({ state, writer })
  const log = await createFileLog({ dir, durability, now, retentionMs: retention, maxBytes, onOrphan })
  return {
    log,
    orphans,
    ledger: createLedger({ path: join(dir, LEDGER_FILE), now, retentionMs: retention, usageRetentionMs }),
  }
}

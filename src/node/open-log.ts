import type { LogConfig } from '../config/config.ts'
import { createFileLog } from '../log/file-log.ts'
import { createMemoryLog } from '../log/memory-log.ts'
import type { StreamLog } from '../log/stream-log.ts'

/** Wall-clock milliseconds that do not jump when the clock is set. */
const now = (): number => performance.timeOrigin + performance.now()

/** The log that the configuration asks for. Rejects when its folder cannot be had. */
export async function openLog(config: LogConfig): Promise<StreamLog> {
  if (config.kind === 'memory') return createMemoryLog({ now, retentionMs: config.retention })
  return createFileLog({ dir: config.dir, durability: config.durability, now, retentionMs: config.retention })
}

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { nodeDisk } from '../../src/log/disk.ts'
import type { Disk } from '../../src/log/disk.ts'
import { createFileLog } from '../../src/log/file-log.ts'
import type { FileLogOptions } from '../../src/log/file-log-options.ts'
import type { StreamLog, StreamState } from '../../src/log/stream-log.ts'
import { createClock } from './support.ts'

/** Directories for logs, removed when the test file is done. */
export function freshDirs(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'sluice-log-'))
  let made = 0
  after(() => rmSync(root, { recursive: true, force: true }))
  return () => join(root, String(made++))
}

/** A file log with a clock that stands still, unless told otherwise. */
export function openLog(dir: string, over: Partial<FileLogOptions> = {}): Promise<StreamLog> {
  return createFileLog({ dir, now: createClock().now, ...over })
}

/** The state of a stream that must be there. */
export async function stateOf(log: StreamLog, id: string): Promise<StreamState> {
  const found = await log.find(id)
  if (typeof found !== 'object') throw new Error(`${id} is ${found ?? 'unknown'}`)
  return found
}

/** The names of a log's files. */
export function filesOf(dir: string, kind: 'journal' | 'archive'): string[] {
  return readdirSync(dir)
    .filter((name) => name.startsWith(kind) && name.endsWith('.log'))
    .toSorted()
}

/** Whether these bytes stand anywhere in the log's files. */
export function isOnDisk(dir: string, text: string): boolean {
  return readdirSync(dir).some((name) => readFileSync(join(dir, name)).includes(text))
}

/** Waits until this holds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A disk whose writes can be made to fail or to hang. */
export function createFaultyDisk(): Disk & { fail: (code: string | undefined) => void; hang: () => () => void } {
  let code: string | undefined
  let gate: Promise<void> | undefined
  return {
    ...nodeDisk,
    write: async (fd, buffer, length, at) => {
      await gate
      if (code === undefined) return nodeDisk.write(fd, buffer, length, at)
      // As a full disk does it: a part goes through.
      await nodeDisk.write(fd, buffer, length >> 1, at)
      throw Object.assign(new Error(`${code}: no space left on device, write`), { code })
    },
    fail: (next) => {
      code = next
    },
    hang: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = undefined
        resolve()
      }
    },
  }
}

import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { SluiceError } from '../errors.ts'

const holder = z.object({ pid: z.number(), since: z.string() })

/** A directory that belongs to this process until `release`. */
export interface DirectoryLock {
  release(): Promise<void>
}

/**
 * Takes a directory for this process. Throws `SluiceError` `log_unavailable` that names the holder
 * when another log has it, in this process or in another.
 *
 * The lock is the operating system's, taken through SQLite because Node has no call of its own for it: it
 * goes with the process, also by kill -9, so that there is no stale lock to be judged by a process id
 * that may have been given out again. `lock` beside it only says who it is.
 */
export async function lockDirectory(dir: string, now: () => number): Promise<DirectoryLock> {
  const note = join(dir, 'lock')
  const database = new DatabaseSync(join(dir, 'lock.db'), { timeout: 0 })
  try {
    // An uncommitted transaction holds the lock; nothing is ever written, not even a rollback journal.
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    const text = await readFile(note, 'utf8').catch(() => '')
    throw new SluiceError('log_unavailable', `The log directory ${dir} is in use by ${whoHolds(text)}`, {
      cause: thrown,
    })
  }
  await writeFile(note, JSON.stringify({ pid: process.pid, since: new Date(now()).toISOString() }))
  return {
    release: async () => {
      await rm(note, { force: true })
      database.close()
    },
  }
}

function whoHolds(text: string): string {
  try {
    const { data } = holder.safeParse(JSON.parse(text))
    if (data !== undefined) return `process ${data.pid} since ${data.since}`
  } catch {
    // The note is written after the lock is taken: for a moment there may be none.
  }
  return 'another process'
}

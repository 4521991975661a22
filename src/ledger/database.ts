import { DatabaseSync } from 'node:sqlite'
import { SluiceError } from '../errors.ts'
import { migrate } from './schema.ts'

/**
 * Opens the database of a ledger and brings it to this program's schema. `busyMs`: how long it waits,
 * blocking, while another process writes. Throws `SluiceError` `log_unavailable` when the file is no ledger
 * or a later version's.
 */
export function openDatabase(path: string, busyMs: number): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: busyMs })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    migrate(database)
    return database
  } catch (thrown) {
    database?.close()
    throw SluiceError.from(thrown, 'log_unavailable')
  }
}

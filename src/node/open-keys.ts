import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'
import { openDatabase } from '../ledger/database.ts'
import { KeyBook } from '../ledger/key-book.ts'
import { KeyTable } from '../ledger/keys.ts'
import { createKeyDigest } from './key-digest.ts'
import { LEDGER_FILE } from './open-stores.ts'

/** How long a command waits while a server writes, in milliseconds. */
const BUSY_MS = 5_000

/** The keys of a data folder, open. */
export interface OpenKeys {
  readonly book: KeyBook
  close(): void
}

/**
 * Opens the keys of a data folder, whether a server runs on it or not. `secret`: what `SLUICE_SECRET` says.
 * Throws `SluiceError` `config_invalid` where there is no ledger and none is to be made, `log_unavailable`
 * when it cannot be opened.
 */
export function openKeys(dir: string, secret: string | undefined, mayMake: boolean): OpenKeys {
  const path = join(dir, LEDGER_FILE)
  if (!mayMake && !existsSync(path))
    throw new SluiceError('config_invalid', `There are no keys in ${dir}: check --data`)
  const digest = createKeyDigest({ dir, configured: secret })
  try {
    mkdirSync(dir, { recursive: true })
  } catch (thrown) {
    throw SluiceError.from(thrown, 'log_unavailable')
  }
  const database = openDatabase(path, BUSY_MS)
  return { book: new KeyBook(new KeyTable(database), digest, Date.now), close: () => database.close() }
}

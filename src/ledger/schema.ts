import type { DatabaseSync } from 'node:sqlite'
import { SluiceError } from '../errors.ts'

/** One step each; only ever add at the end. The database's `user_version` counts the steps taken. */
const STEPS: readonly string[] = [
  `CREATE TABLE request (
     stream     TEXT PRIMARY KEY,
     owner      TEXT NOT NULL,
     key        TEXT,
     body_hash  TEXT NOT NULL,
     created_at REAL NOT NULL,
     expires_at REAL
   ) STRICT, WITHOUT ROWID;
   CREATE UNIQUE INDEX request_by_key ON request (owner, key) WHERE key IS NOT NULL;
   CREATE INDEX request_by_body ON request (owner, body_hash, created_at);
   CREATE INDEX request_by_expiry ON request (expires_at) WHERE expires_at IS NOT NULL;`,
]

/**
 * Brings a database to the newest schema, all steps in one transaction. Throws `SluiceError`
 * `log_unavailable` when a later version of this program wrote it.
 */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
  if (version > STEPS.length) {
    const text = `The ledger has schema version ${version}; this program knows ${STEPS.length}`
    throw new SluiceError('log_unavailable', text)
  }
  if (version === STEPS.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const step of STEPS.slice(version)) database.exec(step)
    // A pragma takes no parameters; this is a count of ours.
    database.exec(`PRAGMA user_version = ${STEPS.length}`)
    database.exec('COMMIT')
  } catch (thrown) {
    database.exec('ROLLBACK')
    throw thrown
  }
}

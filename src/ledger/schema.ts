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
  `CREATE TABLE key (
     id            TEXT PRIMARY KEY,
     name          TEXT NOT NULL,
     scope         TEXT NOT NULL,
     models        TEXT,
     limits        TEXT NOT NULL,
     on_disconnect TEXT,
     cache_pool    TEXT,
     metadata      TEXT,
     created_at    REAL NOT NULL,
     expires_at    REAL,
     revoked_at    REAL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE key_hash (
     hash  TEXT PRIMARY KEY,
     key   TEXT NOT NULL REFERENCES key (id),
     until REAL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE key_state (
     one         INTEGER PRIMARY KEY CHECK (one = 1),
     revision    INTEGER NOT NULL,
     secret_mark TEXT
   ) STRICT;
   INSERT INTO key_state VALUES (1, 0, NULL);`,
  `CREATE TABLE cached_answer (
     stream     TEXT PRIMARY KEY,
     scope      TEXT NOT NULL,
     request    TEXT NOT NULL,
     has_usage  INTEGER NOT NULL,
     bytes      INTEGER NOT NULL,
     last       INTEGER NOT NULL,
     stored_at  REAL NOT NULL,
     expires_at REAL NOT NULL,
     pace       BLOB
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX cached_answer_by_expiry ON cached_answer (expires_at);`,
  `CREATE TABLE budget (
     key          TEXT NOT NULL,
     period       TEXT NOT NULL,
     nano_dollars INTEGER NOT NULL,
     PRIMARY KEY (key, period)
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE usage (
     created_at        REAL NOT NULL,
     stream            TEXT NOT NULL,
     owner             TEXT NOT NULL,
     model             TEXT NOT NULL,
     provider          TEXT NOT NULL,
     target_model      TEXT NOT NULL,
     charged           INTEGER NOT NULL,
     unpriced          INTEGER NOT NULL,
     prompt_tokens     INTEGER NOT NULL,
     cached_tokens     INTEGER NOT NULL,
     completion_tokens INTEGER NOT NULL,
     reasoning_tokens  INTEGER NOT NULL,
     nano_dollars      INTEGER NOT NULL,
     price_source      TEXT NOT NULL,
     estimated         INTEGER NOT NULL,
     outcome           TEXT NOT NULL,
     ttft              REAL,
     duration          REAL NOT NULL,
     PRIMARY KEY (created_at, stream)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE usage_day (
     day               TEXT NOT NULL,
     owner             TEXT NOT NULL,
     model             TEXT NOT NULL,
     provider          TEXT NOT NULL,
     streams           INTEGER NOT NULL,
     incomplete        INTEGER NOT NULL,
     prompt_tokens     INTEGER NOT NULL,
     cached_tokens     INTEGER NOT NULL,
     completion_tokens INTEGER NOT NULL,
     reasoning_tokens  INTEGER NOT NULL,
     nano_dollars      INTEGER NOT NULL,
     unpriced          INTEGER NOT NULL,
     estimated         INTEGER NOT NULL,
     PRIMARY KEY (day, owner, model, provider)
   ) STRICT, WITHOUT ROWID;`,
]

/**
 * Brings a database to the newest schema, all steps in one transaction. Throws `SluiceError`
 * `log_unavailable` when a later version of this program wrote it.
 */
export function migrate(database: DatabaseSync): void {
  const read = database.prepare('PRAGMA user_version')
  const versionNow = (): number => Number(read.get()?.['user_version'] ?? 0)
  const version = versionNow()
  if (version > STEPS.length) {
    const text = `The ledger has schema version ${version}; this program knows ${STEPS.length}`
    throw new SluiceError('log_unavailable', text)
  }
  if (version === STEPS.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    // Read again: another process may have taken the steps while this one waited.
    for (const step of STEPS.slice(versionNow())) database.exec(step)
    // A pragma takes no parameters; this is a count of ours.
    database.exec(`PRAGMA user_version = ${STEPS.length}`)
    database.exec('COMMIT')
  } catch (thrown) {
    database.exec('ROLLBACK')
    throw thrown
  }
}

import type { IssuedKey, KeySpec } from '../../src/ledger/key-book.ts'
import type { RunningServer } from '../../src/node/serve.ts'

/** A key made in a running gateway, and the header that shows it. */
export interface TestKey extends IssuedKey {
  readonly id: string
  readonly headers: { readonly authorization: string }
}

/** Makes a key, a caller's without any limit unless told. */
export function issueKey(server: RunningServer, spec: Partial<KeySpec> = {}): TestKey {
  const made = server.gateway.keys.change((book) => book.create({ name: 'test', scope: 'caller', limits: {}, ...spec }))
  return { ...made, id: made.record.id, headers: { authorization: `Bearer ${made.key}` } }
}

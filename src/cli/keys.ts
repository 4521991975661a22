import type { ArgsDef, CommandDef } from 'citty'
import { SluiceError } from '../errors.ts'
import type { IssuedKey, KeyBook } from '../ledger/key-book.ts'
import { everyFlag, numberFlag, textFlag, type Flags } from './flags.ts'
import { issuedText, keyTable } from './keys-text.ts'

/** Where a gateway keeps its data when nobody says otherwise. */
const DEFAULT_DIR = '.sluice'

const folder: ArgsDef = {
  data: { type: 'string', valueHint: 'DIR', description: `The gateway's data folder (./${DEFAULT_DIR})` },
  json: { type: 'boolean', description: 'Answer in JSON' },
}

const id: ArgsDef = { id: { type: 'positional', valueHint: 'ID', description: 'The key, as list names it' } }

const create: CommandDef = {
  meta: { name: 'create', description: 'Create a key; it is shown this once' },
  args: {
    name: { type: 'string', valueHint: 'NAME', description: 'Whose it is, for people' },
    rpm: { type: 'string', valueHint: 'N', description: 'Requests in any minute' },
    tpm: { type: 'string', valueHint: 'N', description: 'Tokens in any minute' },
    concurrency: { type: 'string', valueHint: 'N', description: 'Streams at the same time' },
    budget: { type: 'string', valueHint: '5/day', description: 'Dollars in a day, a month, or in all (5/total)' },
    models: { type: 'string', valueHint: 'A,B*', description: 'Only these models; * at the end of a name' },
    expires: { type: 'string', valueHint: '30d', description: 'Good for so long' },
    'on-disconnect': { type: 'string', valueHint: 'HOW', description: 'cancel, continue or grace=SECONDS' },
    pool: { type: 'string', valueHint: 'NAME', description: 'Share cached answers with the keys of this pool' },
    metadata: { type: 'string', valueHint: 'K=V', description: 'Something to remember; may be given several times' },
    admin: { type: 'boolean', description: 'A key for /admin, which cannot call models' },
    ...folder,
  },
  async run({ args, rawArgs }) {
    const { readKeySpec } = await import('../gateway/key-wire.ts')
    const spec = inFlags(() => readKeySpec(described(args, rawArgs), Date.now()))
    await withKeys(args, true, (book) => show(args, book.create(spec), undefined))
  },
}

const list: CommandDef = {
  meta: { name: 'list', description: 'Show all keys, also expired and revoked ones' },
  args: folder,
  async run({ args }) {
    const { keyToWire } = await import('../gateway/key-wire.ts')
    await withKeys(args, false, (book) => {
      const now = Date.now()
      const keys = book.list()
      if (args['json'] !== true) return console.log(keyTable(keys, now))
      console.log(JSON.stringify({ object: 'list', data: keys.map((key) => keyToWire(key, now)) }, null, 2))
    })
  },
}

const revoke: CommandDef = {
  meta: { name: 'revoke', description: 'End a key for good, and its open streams within a second' },
  args: { ...id, ...folder },
  async run({ args }) {
    const { keyToWire } = await import('../gateway/key-wire.ts')
    await withKeys(args, false, (book) => {
      const record = book.revoke(textFlag(args, 'id') ?? '')
      if (record === undefined) throw unknown(args)
      if (args['json'] === true) return console.log(JSON.stringify(keyToWire(record, Date.now()), null, 2))
      console.log(`${record.id} (${record.name}) is revoked`)
    })
  },
}

const rotate: CommandDef = {
  meta: { name: 'rotate', description: 'Give a key another secret; it is shown this once' },
  args: {
    ...id,
    overlap: { type: 'string', valueHint: '1h', description: 'The old one stays good for so long (0)' },
    ...folder,
  },
  async run({ args }) {
    const { readOverlap } = await import('../gateway/key-wire.ts')
    const overlap = inFlags(() => readOverlap(textFlag(args, 'overlap')))
    await withKeys(args, false, (book) => {
      const issued = book.rotate(textFlag(args, 'id') ?? '', overlap)
      if (issued === undefined) throw unknown(args)
      return show(args, issued, overlap)
    })
  },
}

/** `sluice keys create`, `list`, `revoke` and `rotate`: they work whether a gateway runs on the folder or not. */
export const keysCommand: CommandDef = {
  meta: { name: 'keys', description: 'Who may call: create, list, revoke and rotate keys' },
  subCommands: { create, list, revoke, rotate },
}

/** A new key in the words of the admin API, which checks it. */
function described(flags: Flags, rawArgs: readonly string[]): object {
  const text = (name: string): string | undefined => textFlag(flags, name)
  return {
    name: text('name') ?? '',
    scope: flags['admin'] === true ? 'admin' : 'caller',
    models: text('models')
      ?.split(',')
      .map((model) => model.trim()),
    limits: {
      requests_per_minute: numberFlag(flags, 'rpm'),
      tokens_per_minute: numberFlag(flags, 'tpm'),
      max_concurrent: numberFlag(flags, 'concurrency'),
      budget: text('budget'),
    },
    on_disconnect: text('on-disconnect'),
    cache_pool: text('pool'),
    metadata: metadataIn(everyFlag(rawArgs, 'metadata')),
    expires_in: text('expires'),
  }
}

function metadataIn(pairs: readonly string[]): Record<string, string> | undefined {
  if (pairs.length === 0) return undefined
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at < 1) throw new SluiceError('invalid_value', `--metadata has to be NAME=VALUE, got ${JSON.stringify(pair)}`)
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return Object.fromEntries(entries)
}

async function withKeys(flags: Flags, mayMake: boolean, use: (book: KeyBook) => unknown): Promise<void> {
  const { openKeys } = await import('../node/open-keys.ts')
  const keys = openKeys(folderOf(flags), process.env['SLUICE_SECRET'], mayMake)
  try {
    await use(keys.book)
  } finally {
    keys.close()
  }
}

async function show(flags: Flags, issued: IssuedKey, overlap: number | undefined): Promise<void> {
  const { issuedToWire } = await import('../gateway/key-wire.ts')
  if (flags['json'] === true) console.log(JSON.stringify(issuedToWire(issued, Date.now()), null, 2))
  else console.log(issuedText(issued, folderOf(flags), overlap))
}

function folderOf(flags: Flags): string {
  return textFlag(flags, 'data') ?? DEFAULT_DIR
}

function unknown(flags: Flags): SluiceError {
  return new SluiceError('key_not_found', `There is no key ${textFlag(flags, 'id') ?? ''} in ${folderOf(flags)}`)
}

/** What the admin API calls a field is an option here. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['limits.requests_per_minute', 'rpm'],
  ['limits.tokens_per_minute', 'tpm'],
  ['limits.max_concurrent', 'concurrency'],
  ['limits.budget', 'budget'],
  ['cache_pool', 'pool'],
  ['expires_in', 'expires'],
])

function inFlags<T>(read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    const error = SluiceError.from(thrown)
    const { param } = error.facts
    if (param === undefined) throw error
    const [field = ''] = param.split(/\.(?=\d|[^.]*$)/)
    const option = OPTIONS.get(param) ?? field
    throw new SluiceError(error.code, error.message.replace(`'${param}'`, `--${option}`), error.facts)
  }
}

import { hash, randomBytes } from 'node:crypto'
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SluiceError } from '../errors.ts'
import type { MacKey } from '../gateway/clients.ts'
import type { KeyDigest } from '../ledger/key-book.ts'
import { deriveKey } from './derive-key.ts'

/** A shorter secret could be guessed from a copy of the ledger. */
const SHORTEST = 16

/** Where the secret is that keys are stored with. */
export interface SecretSource {
  /** The data folder, which has it in its file `secret`; undefined: in this process only. */
  readonly dir: string | undefined
  /** What `SLUICE_SECRET` says; stronger than the file. */
  readonly configured: string | undefined
}

/**
 * What keys are hashed with. The secret is looked for when it is first needed; the file is made with the
 * first key, readable by its owner only. Throws `SluiceError` `config_invalid` for a configured secret of
 * less than 16 characters: no secret at all is better seen than a short one.
 */
export function createKeyDigest(source: SecretSource): KeyDigest {
  const { configured } = source
  if (configured !== undefined && configured.length < SHORTEST) {
    throw new SluiceError('config_invalid', `SLUICE_SECRET must have ${SHORTEST} characters or more`)
  }
  let key: MacKey | undefined
  return {
    fingerprint: (text) => hash('sha256', text, 'base64url'),
    mac(text, mayMake) {
      key ??= deriveKey(findSecret(source, mayMake), '', 'sluice api key v1')
      return key.sign(text)
    },
  }
}

/** The secret, where it is. Throws `log_unavailable`. */
export function findSecret({ dir, configured }: SecretSource, mayMake: boolean): string {
  if (configured !== undefined) return configured
  if (dir === undefined) return newSecret()
  const file = join(dir, 'secret')
  const found = readSecret(file)
  if (found !== undefined) return found
  if (!mayMake) throw new SluiceError('log_unavailable', `The secret of the keys is gone: there is no file ${file}`)
  return makeSecret(file)
}

function readSecret(file: string): string | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw SluiceError.from(thrown, 'log_unavailable')
  }
  if (text.length < SHORTEST) throw new SluiceError('log_unavailable', `The file ${file} holds no secret`)
  return text
}

/** Of two processes that make one at the same time, both get the same: a file appears whole or not at all. */
function makeSecret(file: string): string {
  const draft = `${file}.${process.pid}`
  try {
    writeFileSync(draft, `${newSecret()}\n`, { mode: 0o600, flag: 'wx', flush: true })
    linkSync(draft, file)
  } catch (thrown) {
    if (readSecret(file) === undefined) throw SluiceError.from(thrown, 'log_unavailable')
  } finally {
    unlinkSync(draft)
  }
  const made = readSecret(file)
  if (made === undefined) throw new SluiceError('log_unavailable', `The file ${file} could not be made`)
  return made
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileLog } from '../../src/log/file-log.ts'
import { conformance } from './conformance.ts'

const root = mkdtempSync(join(tmpdir(), 'sluice-log-'))
let made = 0
const fresh = (): string => join(root, String(made++))

conformance('file log', (options) => createFileLog({ ...options, dir: fresh() }))
conformance('file log that survives power loss', (options) =>
  createFileLog({ ...options, dir: fresh(), durability: 'power' }),
)

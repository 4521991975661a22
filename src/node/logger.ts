import pino from 'pino'
import type { Logger } from '../gateway/context.ts'
import { createRedactor } from '../provider/redact.ts'

/**
 * Records as JSON lines on standard error. Everything passes one redactor on its way out, so that a
 * secret stays out of the log wherever it came from.
 */
export function createLogger(secrets: readonly string[]): Logger {
  const redact = createRedactor(secrets)
  return pino({ name: 'sluice', base: null }, { write: (line) => void process.stderr.write(redact(line)) })
}

import pino from 'pino'
import type { Logger } from '../gateway/context.ts'
import { createRedactor } from '../provider/redact.ts'

/** Lines wait for each other for so long, in milliseconds, and up to so many characters. */
const GATHER_MS = 100
const GATHER_CHARS = 64 * 1024
/** pino's number for `warn`: from here on a line is written at once. */
const URGENT = /^\{"level":[456]0/

/**
 * Records as JSON lines on standard error. Everything passes one redactor on its way out, so that a
 * secret stays out of the log wherever it came from. Lines of the ordinary course are gathered for a
 * moment: a write per stream was 7 % of a short stream's CPU. What is gathered is written
 * when the process exits, however it does but by a kill -9.
 */
export function createLogger(secretsNow: () => readonly string[]): Logger {
  let secrets = secretsNow()
  let known = createRedactor(secrets)
  const redact = (text: string): string => {
    if (secrets !== secretsNow()) known = createRedactor((secrets = secretsNow()))
    return known(text)
  }
  let gathered = ''
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (gathered !== '') process.stderr.write(redact(gathered))
    gathered = ''
  }
  process.on('exit', flush)
  const write = (line: string): void => {
    gathered += line
    if (gathered.length > GATHER_CHARS || URGENT.test(line)) return flush()
    timer ??= setTimeout(flush, GATHER_MS).unref()
  }
  return pino({ name: 'sluice', base: null }, { write })
}

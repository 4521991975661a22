import { stripVTControlCharacters } from 'node:util'
import { renderUsage, runCommand, type ArgsDef, type CommandDef } from 'citty'
import pc from 'picocolors'
import { didYouMean } from '../config/suggest.ts'
import { SluiceError } from '../errors.ts'
import { redact } from '../provider/redact.ts'
import { checkFlags, usage } from './flags.ts'
import { readVersion } from './package.ts'

/** Each command is imported when it is called: the start of one does not wait for the others. */
const root: CommandDef = {
  meta: { name: 'sluice', description: 'A streaming gateway for OpenAI-compatible services' },
  subCommands: {
    serve: () => import('./serve.ts').then((file) => file.serveCommand),
    simulate: () => import('./simulate.ts').then((file) => file.simulateCommand),
    config: () => import('./config.ts').then((file) => file.configCommand),
    keys: () => import('./keys.ts').then((file) => file.keysCommand),
    usage: () => import('./usage.ts').then((file) => file.usageCommand),
  },
}

/**
 * Runs a command line and returns the exit code: 0, 1 for a failure, 2 for a wrong call.
 *
 * @param args Without the program's name: `process.argv.slice(2)`.
 */
export async function main(args: readonly string[]): Promise<number> {
  const called = await findCommand(args)
  try {
    if (called.rest.some((arg) => arg === '--help' || arg === '-h')) return await help(called, 0)
    if (called.command === root && (called.rest[0] === '--version' || called.rest[0] === '-v')) {
      console.log(await readVersion())
      return 0
    }
    const subCommands = Object.keys(await resolve(called.command.subCommands ?? {}))
    if (subCommands.length > 0) {
      const [word] = called.rest
      if (word === undefined) return await help(called, called.command === root ? 0 : 2)
      const kind = word.startsWith('-') ? 'option' : 'command'
      throw usage(`unknown ${kind} ${word}${didYouMean(word, subCommands)}`)
    }
    const known: ArgsDef = await resolve(called.command.args ?? {})
    checkFlags(called.rest, known)
    await runCommand(called.command, { rawArgs: [...called.rest] })
    return 0
  } catch (thrown) {
    return fail(thrown, called.path)
  }
}

interface Called {
  readonly command: CommandDef
  /** The words that led to it: `['sluice', 'config', 'check']`. */
  readonly path: readonly string[]
  readonly rest: readonly string[]
}

async function findCommand(args: readonly string[]): Promise<Called> {
  let called: Called = { command: root, path: ['sluice'], rest: args }
  for (;;) {
    const [word] = called.rest
    const subCommands = await resolve(called.command.subCommands ?? {})
    const next = word !== undefined && Object.hasOwn(subCommands, word) ? subCommands[word] : undefined
    if (word === undefined || next === undefined) return called
    called = { command: await resolve(next), path: [...called.path, word], rest: called.rest.slice(1) }
  }
}

/** citty colours by rules of its own; where colour is not wanted, it is taken out again. */
async function help({ command, path }: Called, code: number): Promise<number> {
  const parent = { meta: { name: path.slice(0, -1).join(' '), version: await readVersion() } }
  const text = await renderUsage(command, parent)
  console.log(pc.isColorSupported ? text : stripVTControlCharacters(text))
  return code
}

function fail(thrown: unknown, path: readonly string[]): number {
  if (!(thrown instanceof SluiceError) || thrown.code === 'internal') {
    console.error(thrown)
    return 1
  }
  const wrongCall = thrown.code === 'invalid_value'
  const hint = wrongCall ? `\nsee ${path.join(' ')} --help` : ''
  console.error(`${pc.red('sluice:')} ${redact(thrown.message)}${hint}`)
  return wrongCall ? 2 : 1
}

/** citty's "a value, a promise of one, or a function that gives one". */
type Lazy<T> = T | Promise<T> | (() => T | Promise<T>)

function resolve<T extends object>(value: Lazy<T>): T | Promise<T> {
  return isFunction(value) ? value() : value
}

function isFunction<T extends object>(value: Lazy<T>): value is () => T | Promise<T> {
  return typeof value === 'function'
}

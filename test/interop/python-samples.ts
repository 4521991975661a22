import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { changed, sampleAt, type Change, type Place } from './seeds.ts'

/** A Python sample of a seed, what it needs to run here, and what it must print. */
export interface PythonSample extends Place {
  /** Tells two runs of one sample apart. */
  readonly name?: string | undefined
  /** What the sample takes for granted: imports, the client, a question. */
  readonly given?: string | undefined
  readonly changes: readonly Change[]
  /** Calls what the sample only defines. */
  readonly afterwards?: string | undefined
  readonly stdin?: string | undefined
  check(out: string): void
}

/** What a program printed, and the traceback it ended with. */
export interface Printed {
  readonly name: string
  readonly out: string
  readonly error: string | null
}

/** A title for a sample. */
export function titleOf({ heading, name }: PythonSample): string {
  const clean = heading.replaceAll(/^#+ |<Tab title="|">/g, '')
  return name === undefined ? clean : `${clean}, ${name}`
}

/** Runs samples in the order given, in one process of a virtual environment (scripts/setup-python.mjs). */
export async function runSamples(environment: string, samples: readonly PythonSample[]): Promise<readonly Printed[]> {
  const python = fileURLToPath(new URL(`../../${environment}/bin/python`, import.meta.url))
  assert.ok(existsSync(python), `${environment} is missing: run "node scripts/setup-python.mjs"`)
  const programs = samples.map((sample) => ({
    name: titleOf(sample),
    code: `${sample.given ?? ''}\n${changed(sampleAt(sample), sample.changes)}\n${sample.afterwards ?? ''}\n`,
    stdin: sample.stdin ?? '',
  }))
  const program = fileURLToPath(new URL('run_programs.py', import.meta.url))
  // Unbuffered and UTF-8 whatever the machine's locale; a proxy has no business between loopback addresses.
  const env = { ...process.env, PYTHONUTF8: '1', NO_PROXY: '*', PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(python, [program], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(JSON.stringify(programs))
  const [printed, logged] = await Promise.all([text(child.stdout), text(child.stderr)])
  assert.ok(printed.startsWith('['), `${environment}: ${logged}`)
  return JSON.parse(printed)
}

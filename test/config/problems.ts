import assert from 'node:assert/strict'
import { loadConfig } from '../../src/config/load.ts'
import { SluiceError } from '../../src/errors.ts'
import type { Environment } from '../../src/provider/environment.ts'

/** A configuration with something wrong, the lines of its error, and the environment it was read in. */
export type Case = readonly [name: string, text: string, lines: readonly string[], env?: Environment]

/** The lines of the error that a text gives. */
export function problems(text: string, env: Environment = {}): readonly string[] {
  try {
    loadConfig(text, { file: 'sluice.yaml', env })
  } catch (error) {
    assert.ok(error instanceof SluiceError)
    assert.equal(error.code, 'config_invalid')
    return error.message.split('\n')
  }
  return assert.fail('it loaded')
}

/** A configuration that is right but for one line in `server`. */
export const server = (line: string): string =>
  `providers: { v: { preset: vllm } }\npassthrough: v\nserver:\n  ${line}\n`

/** A configuration that is right but for its one model. */
export const model = (lines: string): string => `providers: { v: { preset: vllm } }\nmodels:\n  m:\n${lines}\n`

/** A configuration that is right but for its one provider. */
export const provider = (line: string): string => `passthrough: p\nproviders:\n  p: ${line}\n`

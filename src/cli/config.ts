import type { CommandDef } from 'citty'
import { SluiceError } from '../errors.ts'
import { textFlag } from './flags.ts'
import { readText } from './package.ts'

const check: CommandDef = {
  meta: { name: 'check', description: 'Check a configuration and say everything that is wrong with it' },
  args: { config: { type: 'string', valueHint: 'FILE', description: 'The file (./sluice.yaml)' } },
  async run({ args }) {
    const [{ loadConfig }, { DEFAULT_FILE }] = await Promise.all([
      import('../config/load.ts'),
      import('../config/start.ts'),
    ])
    const file = textFlag(args, 'config') ?? DEFAULT_FILE
    const text = await readText(file)
    if (text === undefined) throw new SluiceError('config_invalid', `${file}: there is no such file`)
    const { config } = loadConfig(text, { file, env: process.env })
    const models = [...config.routes.keys(), ...[...config.prefixes.keys()].map((prefix) => `${prefix}*`)]
    if (config.passthrough !== undefined) models.push(`every other name (to ${config.passthrough.name})`)
    console.log(`${file} is valid`)
    console.log(`  providers  ${[...config.providers.keys()].join(', ')}`)
    console.log(`  models     ${models.join(', ')}`)
  },
}

const schema: CommandDef = {
  meta: { name: 'schema', description: 'Print the JSON Schema of the configuration, for editors' },
  async run() {
    const { jsonSchema } = await import('../config/schema.ts')
    console.log(JSON.stringify(jsonSchema(), null, 2))
  },
}

/** `sluice config check` and `sluice config schema`. */
export const configCommand: CommandDef = {
  meta: { name: 'config', description: 'Check the configuration, or print its schema' },
  subCommands: { check, schema },
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Rig } from '../support/gateway.ts'
import { brokenHouse, evolutionHouse, openHouse } from './houses.ts'
import { runSamples, titleOf, type Printed, type PythonSample } from './python-samples.ts'
import { evolutionSamples } from './samples-evolution.ts'
import { fastgptSamples } from './samples-fastgpt.ts'
import { holysheepSamples } from './samples-holysheep.ts'
import { megallmSamples } from './samples-megallm.ts'

/**
 * Every Python sample of the seeds, taken from its document by its heading, with the real clients against a real
 * gateway. What is changed in a sample stands beside it, with the reason.
 */

const samplesOf: Readonly<
  Record<string, (at: { open: string; evolution: string; broken: string }) => readonly PythonSample[]>
> = {
  'Evolution, with evolution-openai': evolutionSamples,
  'MegaLLM, with openai': ({ open }) => megallmSamples(open),
  'HolySheep, with openai': ({ open }) => holysheepSamples(open),
  'FastGPT, with a stand-in for fastgpt_client': ({ open }) => fastgptSamples(new URL(open).origin),
}

for (const [who, samples] of Object.entries(samplesOf)) {
  const environment = who.startsWith('Evolution') ? '.venv-evolution' : '.venv'
  describe(who, () => {
    const rigs: Rig[] = []
    let printed: readonly Printed[] = []
    before(async () => {
      if (environment === '.venv') rigs.push(await openHouse())
      else rigs.push(await evolutionHouse(), await brokenHouse())
      const [first = '', second = first] = rigs.map(({ url }) => url)
      printed = await runSamples(environment, samples({ open: first, evolution: first, broken: second }))
    })
    after(async () => {
      for (const rig of rigs) await rig[Symbol.asyncDispose]()
    })
    const known = samples({
      open: 'http://127.0.0.1/v1',
      evolution: 'http://127.0.0.1/v1',
      broken: 'http://127.0.0.1/v1',
    })
    for (const [index, sample] of known.entries()) {
      test(`${sample.seed}: ${titleOf(sample)}`, () => {
        const { out, error } = printed[index] ?? { out: '', error: 'it did not run' }
        assert.equal(error, null, error ?? '')
        sample.check(out)
      })
    }
  })
}

test('no Python sample is left out: where a page fences them, there are as many', () => {
  const page = readFileSync(new URL('../fixtures/seeds/1-megallm-russian.txt', import.meta.url), 'utf8')
  const samples = megallmSamples('http://127.0.0.1/v1').filter(({ seed }) => seed === '1-megallm-russian')
  assert.equal(samples.length, page.match(/^ *```python/gm)?.length)
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Rig } from '../support/gateway.ts'
import { openHouse, said } from './houses.ts'
import { changed, sampleAt, type Change, type Place } from './seeds.ts'

/** The JavaScript and shell samples of the seeds, from their documents, with the real clients against a real gateway. */

const NODE: readonly Place[] = [
  {
    seed: '1-megallm-russian',
    heading: '<Tab title="JavaScript">',
    first: "import OpenAI from 'openai';",
    until: '```',
  },
  {
    seed: '3-megallm-english',
    heading: 'Implementation Examples',
    first: "import OpenAI from 'openai';",
    until: 'Browser Implementation',
  },
]
const SHELL: readonly Place[] = [
  {
    seed: '1-megallm-russian',
    heading: '<Tab title="cURL">',
    first: '# Потоковая передача с curl и построчная обработка',
    until: '```',
  },
  {
    seed: '3-megallm-english',
    heading: 'Browser Implementation',
    first: '# Stream with curl and process line by line',
    until: 'Stream Event Format',
  },
]

/** The shell samples start a jq for each token. */
const SHORT = 'sim:first=0,interval=0,tokens=40'

describe('the samples of the seeds', () => {
  let house: Rig
  let folder: string
  let url: Change
  before(async () => {
    house = await openHouse(SHORT)
    url = { from: 'https://ai.megallm.io/v1', to: house.url, why: 'URL' }
    folder = await mkdtemp(join(tmpdir(), 'sluice-samples-'))
    await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
  })
  after(async () => {
    await house?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const run = async (command: string, ...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, GITHUB_TOKEN: 'sk-mega-0', NO_PROXY: '*' }
    return (await promisify(execFile)(command, args, { cwd: folder, env })).stdout
  }

  for (const place of NODE) {
    test(`${place.seed}: the JavaScript one prints the answer with the openai package`, async () => {
      await writeFile(join(folder, 'sample.mjs'), changed(sampleAt(place), [url]))
      assert.equal(await run(process.execPath, 'sample.mjs'), said('Write a haiku about programming', { model: SHORT }))
    })
  }

  for (const place of SHELL) {
    test(`${place.seed}: the shell one prints the answer with curl and jq`, async () => {
      const code = changed(sampleAt(place), [url])
      // `echo -n $(…)`, unquoted, eats the spaces at the edges of each token, which is the sample's own way.
      const printed = await run('bash', '-c', code)
      assert.equal(printed.replaceAll(/\s/g, ''), said('Tell me a joke', { model: SHORT }).replaceAll(/\s/g, ''))
    })
  }
})

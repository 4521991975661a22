import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/**
 * Most kilobytes (1,024 bytes) of gzip, for what a page loads at once. What is loaded when it is needed is told
 * beside. The bars are 10 and 2: docs/decisions/0017-the-sdk-loads-what-it-needs.md says what is between.
 */
const BUDGETS = {
  'chat streaming and resume': {
    code: `import { OpenAI } from '${src}client/index.ts'
      const stream = await new OpenAI({ baseURL: '/v1' }).chat.completions.create({ model: 'm', messages: [], stream: true })
      for await (const text of stream.text()) console.log(text)`,
    atOnce: 16.6,
  },
  errors: { code: `export { APIError, RateLimitError } from '${src}client/index.ts'`, atOnce: 1 },
  'sluice/sse': { code: `export * from '${src}sse/index.ts'`, atOnce: 3 },
} as const

/** A stream that breaks after its first event and goes on when asked with its cursor: read by the page's own code. */
const RESUMING = `import { OpenAI } from '${src}client/index.ts'
  const chunk = (content, finish = null) => JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })
  const frames = [...Array.from({ length: 30 }, (_, i) => chunk(i + ' ')), chunk('', 'stop'), '[DONE]'].map((data, i) => 'id: st_1:' + i + '\\ndata: ' + data + '\\n\\n')
  const headers = { 'content-type': 'text/event-stream', 'x-stream-id': 'st_1', link: '<http://h/v1/streams/st_1>; rel="resume"' }
  const asked = []
  const fetch = async (url, init) => {
    const from = Number((init.headers['last-event-id'] ?? '-1').split(':').at(-1)) + 1
    asked.push(from)
    const body = new ReadableStream({ start(controller) {
      for (const frame of asked.length < 4 ? frames.slice(from, from + 9) : frames.slice(from)) controller.enqueue(new TextEncoder().encode(frame))
      asked.length < 4 ? setTimeout(() => controller.error(new TypeError('terminated'))) : controller.close()
    } })
    return new Response(body, { headers })
  }
  const client = new OpenAI({ baseURL: 'http://h/v1', apiKey: 'k', fetch, resume: { firstDelayMs: 1 } })
  const stream = await client.chat.completions.create({ model: 'm', messages: [], stream: true })
  let text = ''
  for await (const piece of stream.text()) text += piece
  console.log(JSON.stringify({ text, asked, reconnects: stream.metrics.reconnects }))`

interface Bundle {
  /** The page's own file and all that it imports from the start. */
  readonly atOnce: readonly Rolldown.OutputChunk[]
  readonly later: readonly Rolldown.OutputChunk[]
}

/** Bundles as an application would: minified, unused code left out, `import()` in files of its own. */
async function bundle(code: string): Promise<Bundle> {
  const entry = '\0entry.js'
  const built = await build({
    root: src,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? entry : undefined),
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      reportCompressedSize: false,
      rolldownOptions: { input: 'entry', preserveEntrySignatures: 'strict' },
    },
  })
  const output = [built].flat().flatMap((each) => ('output' in each ? each.output : []))
  const chunks = new Map(output.flatMap((each) => (each.type === 'chunk' ? [[each.fileName, each] as const] : [])))
  const found = new Set<Rolldown.OutputChunk>()
  const visit = (chunk: Rolldown.OutputChunk | undefined): void => {
    if (chunk === undefined || found.has(chunk)) return
    found.add(chunk)
    for (const name of chunk.imports) visit(chunks.get(name))
  }
  visit([...chunks.values()].find(({ isEntry }) => isEntry))
  return { atOnce: [...found], later: [...chunks.values()].filter((chunk) => !found.has(chunk)) }
}

/** Kilobytes of gzip, as one file. */
function size(chunks: readonly Rolldown.OutputChunk[]): number {
  return gzipSync(chunks.map(({ code }) => code).join(''), { level: 9 }).length / 1024
}

describe('the size of the SDK', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-size-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  for (const [what, { code, atOnce: most }] of Object.entries(BUDGETS)) {
    test(`${what}: at most ${most} KB at once`, async (t) => {
      const { atOnce, later } = await bundle(code)
      t.diagnostic(`${size(atOnce).toFixed(2)} KB at once, ${size(later).toFixed(2)} KB when needed`)
      assert.ok(size(atOnce) <= most, `${size(atOnce).toFixed(2)} KB at once`)
    })
  }

  test('what is loaded at once streams and resumes alone: the rest of the files is not there', async () => {
    const { atOnce } = await bundle(RESUMING)
    await mkdir(join(folder, 'assets'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    for (const { fileName, code } of atOnce) await writeFile(join(folder, fileName), code)
    const entry = atOnce.find(({ isEntry }) => isEntry) ?? assert.fail('no entry')
    const said = execFileSync(process.execPath, [join(folder, entry.fileName)], { encoding: 'utf8' })
    const text = Array.from({ length: 30 }, (_, i) => `${i} `).join('')
    assert.deepEqual(JSON.parse(said), { text, asked: [0, 9, 18, 27], reconnects: 3 })
  })
})

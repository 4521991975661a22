import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launch, watch } from '../browser/support.ts'
import { plainHouse, said } from '../interop/houses.ts'
import type { Rig } from '../support/gateway.ts'
import { environment, exampleFile, serveExample } from './run.ts'

/** The examples that are pages, in Chromium. */

/** `sluice` from source, as scripts/from-source.mjs has it for Node. */
const fromSource: Plugin = {
  name: 'from-source',
  setup(builder) {
    const src = fileURLToPath(new URL('../../src/', import.meta.url))
    builder.onResolve({ filter: /^sluice($|\/)/ }, ({ path }) => {
      const folder = path === 'sluice' ? 'client' : path.slice('sluice/'.length)
      return { path: `${src}${folder}/index.ts` }
    })
  },
}

describe('the pages', () => {
  let house: Rig
  let browser: Browser
  let page: Page
  let origin: string
  let wrongs: readonly string[]
  before(async () => {
    house = await plainHouse()
    ;({ origin } = new URL(house.url))
    browser = await launch()
    page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    wrongs = watch(page, origin)
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
  })

  /** Shows a page as if the gateway's origin had it, with a bundle of a program. */
  async function show(body: string, program?: string): Promise<void> {
    await page.unroute(`${origin}/example`)
    await page.route(`${origin}/example`, (it) => it.fulfill({ contentType: 'text/html; charset=utf-8', body }))
    await page.goto(`${origin}/example`)
    if (program === undefined) return
    const bundle = await build({
      stdin: { contents: program, loader: 'tsx', resolveDir: exampleFile('') },
      bundle: true,
      write: false,
      format: 'iife',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
      plugins: [fromSource],
      logLevel: 'error',
    })
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' })
  }

  const text = (selector: string): Promise<string | null> => page.locator(selector).textContent()

  test('event-source-page shows the answer of a gateway, as text, and asks once', async () => {
    await show(await readFile(exampleFile('event-source-page.html'), 'utf8'))
    await page.fill('#message', 'Is <img src=x onerror=alert(1)> safe?')
    await page.click('#start')
    await page.getByText('Complete').waitFor()
    assert.equal(await text('#response'), said('Is <img src=x onerror=alert(1)> safe?'))
    assert.equal(await page.locator('#response *').count(), 0)
    const asked = house.simulator.requests.length
    await page.waitForTimeout(1_500)
    assert.equal(house.simulator.requests.length, asked)
  })

  test('event-source-page shows the answer of relay-node, which serves it', async () => {
    await using server = await serveExample('relay-node', environment(house))
    const other = await browser.newPage()
    await other.goto(server.url)
    await other.click('#start')
    await other.getByText('Complete').waitFor()
    assert.equal(await other.locator('#response').textContent(), said('Расскажи анекдот'))
    await other.close()
  })

  test('browser-fetch shows the answer, and rejects when it is refused', async () => {
    await show(
      '<!doctype html><body><p id="output"></p></body>',
      "import { streamInto } from './browser-fetch.ts'; Object.assign(window, { streamInto })",
    )
    const ask = 'streamInto(document.getElementById("output"), "Hello!")'
    await page.evaluate(ask)
    assert.equal(await text('#output'), said('Hello!'))
    await page.route('**/v1/chat/completions', (it) => it.fulfill({ status: 200, body: 'data: {"choices":[]}\n\n' }))
    assert.equal(
      await page.evaluate(`${ask}.catch((error) => error.message)`),
      'The connection broke before the answer was complete',
    )
    await page.unroute('**/v1/chat/completions')
  })

  test('streaming-ui shows the answer of POST /chat/stream, line feeds and all', async () => {
    await show(
      '<!doctype html><body><div id="chat"></div></body>',
      "import { StreamingUI } from './streaming-ui.ts'; Object.assign(window, { StreamingUI })",
    )
    const ask = (content: string, endpoint = ''): string =>
      `new StreamingUI(document.getElementById('chat')).sendMessage([{ role: 'user', content: '${content}' }]${endpoint})`
    await page.evaluate(ask('Tell me a story'))
    assert.equal(await text('#chat'), said('Tell me a story'))
    await page.evaluate(ask('Hello', ", '/nowhere'"))
    assert.match((await text('#chat')) ?? '', /^\[Error: .*There is no POST \/nowhere here/)
  })

  test('react-chat shows both turns of a conversation', async () => {
    await show(
      '<!doctype html><body><div id="root"></div></body>',
      `import { createRoot } from 'react-dom/client'
       import { StreamingChat } from './react-chat.tsx'
       createRoot(document.getElementById('root')).render(<StreamingChat baseURL="/v1" />)`,
    )
    const first = said('Hello!')
    const hello = { role: 'user', content: 'Hello!' }
    const second = said('', { messages: [hello, { role: 'assistant', content: first }, hello] })
    for (const answer of [first, second]) {
      await page.getByLabel('Your message').fill('Hello!')
      await page.keyboard.press('Enter')
      await page.waitForFunction((whole) => document.querySelector('main')?.textContent?.includes(whole), answer)
      await page.locator('.cursor').waitFor({ state: 'detached' })
    }
    const shown = await page.locator('.message').allTextContents()
    assert.deepEqual(shown, ['Hello!', first, 'Hello!', second])
  })

  test('do nothing that a page should not', () => assert.deepEqual(wrongs, []))
})

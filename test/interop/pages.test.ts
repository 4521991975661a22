import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launch, watch } from '../browser/support.ts'
import type { Rig } from '../support/gateway.ts'
import { openHouse, said } from './houses.ts'
import { changed, sampleAt, type Change, type Place } from './seeds.ts'

/** The browser samples of the seeds in Chromium, as pages of the gateway's own origin. */

const RUSSIAN = '1-megallm-russian'
const ENGLISH = '3-megallm-english'
/** A bundle's stand-ins for what a page's build tool would put in. */
const DEFINE = { 'process.env.NODE_ENV': '"production"', 'process.env.REACT_APP_GITHUB_TOKEN': '"sk-mega-0"' }

const EVENT_SOURCE: Place = {
  seed: '0-evolution',
  heading: 'Клиентская сторона (JavaScript)',
  first: '<!DOCTYPE html>',
  until: 'Паттерны и лучшие практики',
}
const FETCH: readonly Place[] = [
  {
    seed: RUSSIAN,
    heading: '### Реализация для браузера',
    first: 'async function streamChatInBrowser() {',
    until: '```',
  },
  {
    seed: ENGLISH,
    heading: 'Browser Implementation',
    first: 'async function streamChatInBrowser() {',
    until: "import { useState, useCallback } from 'react';",
  },
]
const REACT: readonly Place[] = [
  {
    seed: RUSSIAN,
    heading: '<Tab title="React">',
    first: "import { useState, useCallback } from 'react';",
    until: '```',
  },
  {
    seed: ENGLISH,
    heading: 'Browser Implementation',
    first: "import { useState, useCallback } from 'react';",
    until: '# Stream with curl and process line by line',
  },
]
const BUFFER: readonly Place[] = [
  { seed: RUSSIAN, heading: '### Стратегия буферизации', first: 'class StreamBuffer {', until: '```' },
  { seed: ENGLISH, heading: 'Buffering Strategy', first: 'class StreamBuffer {', until: 'Use Cases' },
]
const STREAMING_UI: Place = {
  seed: '2-holysheep',
  heading: 'Frontend Integration Với JavaScript',
  first: 'class StreamingUI {',
  until: 'Kiểm Soát Đồng Thời Và Rate Limiting',
}

/** Each read is split into lines by itself there, so that a line, or a character, that two reads share is lost. */
const LOSES = 'a known mistake of the samples: what two reads share is lost'
const WHOLE_LINES: readonly Change[] = [
  { from: 'const decoder = new TextDecoder();', to: "const decoder = new TextDecoder(); let rest = '';", why: LOSES },
  { from: 'decoder.decode(value);', to: 'rest + decoder.decode(value, { stream: true });', why: LOSES },
  {
    from: "const lines = chunk.split('\\n');",
    to: "const lines = chunk.split('\\n'); rest = lines.pop();",
    why: LOSES,
  },
]

describe('the pages of the seeds', () => {
  let house: Rig
  let browser: Browser
  let page: Page
  let url: Change
  let wrongs: readonly string[]
  before(async () => {
    house = await openHouse()
    url = { from: 'https://ai.megallm.io/v1', to: '/v1', why: 'URL' }
    browser = await launch()
    page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    wrongs = watch(page, new URL(house.url).origin)
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
  })

  /** Shows a page as if the gateway's origin had it. */
  async function show(body: string): Promise<void> {
    const address = `${new URL(house.url).origin}/sample`
    await page.unroute(address)
    await page.route(address, (it) => it.fulfill({ contentType: 'text/html; charset=utf-8', body }))
    await page.goto(address)
  }

  /** Bundles a module and shows a page with it. */
  async function showModule(contents: string, body: string): Promise<void> {
    const bundle = await build({
      stdin: { contents, loader: 'jsx', resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      write: false,
      format: 'iife',
      jsx: 'automatic',
      define: DEFINE,
      logLevel: 'error',
    })
    await show(`<!doctype html><body>${body}</body>`)
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' })
  }

  const text = (selector: string): Promise<string | null> => page.locator(selector).textContent()

  test('seed 0: the EventSource page shows the answer, says that it is complete, and asks once', async () => {
    await show(sampleAt(EVENT_SOURCE))
    await page.click('button')
    await page.getByText('✅ Завершено').waitFor()
    assert.equal(await text('#response'), `${said('Расскажи анекдот')}✅ Завершено`)
    const asked = house.simulator.requests.length
    // A page that does not close, or a relay that does not end, would come back after the second the relay sets.
    await page.waitForTimeout(1_500)
    assert.equal(house.simulator.requests.length, asked)
  })

  for (const place of FETCH) {
    test(`${place.seed}: the fetch reader shows the answer`, async () => {
      await show('<!doctype html><body><div id="output"></div></body>')
      await page.addScriptTag({
        content: `const GITHUB_TOKEN = 'sk-mega-0'\n${changed(sampleAt(place), [url, ...WHOLE_LINES])}`,
      })
      await page.evaluate('streamChatInBrowser()')
      assert.equal(await text('#output'), said('Hello!'))
    })
  }

  for (const place of REACT) {
    test(`${place.seed}: the React component shows both turns of a conversation`, async () => {
      const callsIt: Change = {
        from: '<div>\n',
        to: '<div><button onClick={() => void sendMessage("Hello!")}>ask</button>\n',
        why: 'the component has nothing that calls its sendMessage',
      }
      const code = changed(sampleAt(place), [url, ...WHOLE_LINES])
      const start = code.includes(callsIt.from) ? callsIt : { ...callsIt, from: '<div>' }
      const mount = `
        import { createRoot } from 'react-dom/client'
        const root = document.getElementById('root')
        createRoot(root).render(<StreamingChat />)`
      await showModule(changed(code, [start]) + mount, '<div id="root"></div>')
      for (const turn of [1, 2]) {
        await page.click('text=ask')
        await page
          .locator('.message.assistant')
          .nth(turn - 1)
          .waitFor()
        await page.locator('.cursor').waitFor({ state: 'detached' })
      }
      const hello = { role: 'user', content: 'Hello!' }
      const first = said('Hello!')
      const second = said('', { messages: [hello, { role: 'assistant', content: first }, hello] })
      const shown = await page.locator('.message').allTextContents()
      assert.deepEqual(shown, ['Hello!', first, 'Hello!', second])
    })
  }

  for (const place of BUFFER) {
    test(`${place.seed}: StreamBuffer draws in batches and loses nothing`, async () => {
      const given = `
        import OpenAI from 'openai'
        const client = new OpenAI({ baseURL: new URL('/v1', location.href).href, apiKey: 'none', dangerouslyAllowBrowser: true })
        const messages = [{ role: 'user', content: 'Tell me a story' }]
        let draws = 0
        new MutationObserver(() => draws++).observe(document.getElementById('output'), { childList: true })
        async function run() {
          const stream = await client.chat.completions.create({ model: 'gpt-4', messages, stream: true })
      `
      // In a function, because a page's classic script has no top-level await.
      await showModule(
        `${given}\n${sampleAt(place)}\n}\nglobalThis.run = () => run().then(() => draws)`,
        '<p id="output">',
      )
      const draws = Number(await page.evaluate('run()'))
      assert.equal(await text('#output'), said('Tell me a story'))
      assert.ok(draws > 0)
    })
  }

  test('seed 2: StreamingUI shows the answer of POST /chat/stream', async () => {
    await show('<!doctype html><body><div id="chat"></div></body>')
    const fixed: Change = {
      from: '[Error: ${error.message}]',
      to: '`[Error: ${error.message}]`',
      why: 'the recording lost the quotes of a template, without which it is no JavaScript',
    }
    await page.addScriptTag({ content: changed(sampleAt(STREAMING_UI), [fixed, ...WHOLE_LINES]) })
    await page.evaluate("new StreamingUI('chat').sendMessage([{ role: 'user', content: 'Tell me a story' }])")
    // It takes each data line for a piece of its own, and so drops the line feeds within an event.
    assert.equal(await text('#chat'), said('Tell me a story').replaceAll('\n', ''))
  })

  test('do nothing that a page should not', () => assert.deepEqual(wrongs, []))
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { createMemoryStore } from '../../src/chat/store.ts'
import { useChat } from '../../src/react/use-chat.ts'
import { useCompletion } from '../../src/react/use-completion.ts'
import { launch } from '../browser/support.ts'
import { ScriptedClient } from '../chat/support.ts'

/** What test/react/app.tsx shows to the test. */
interface Shown {
  readonly client: ScriptedClient
  readonly renders: Readonly<Record<string, number>>
  readonly loads: number
  readonly ready: PromiseWithResolvers<string>
}

declare global {
  interface Window {
    test: Shown
  }
}

describe('on a server', () => {
  test('a conversation is rendered without asking, loading or needing an address', () => {
    const client = new ScriptedClient()
    let loads = 0
    const memory = createMemoryStore()
    const store = { ...memory, load: (id: string) => (loads++, memory.load(id)) }
    const View = (): ReactNode => {
      const { status, messages } = useChat({ client, store, id: 'one' })
      // A relative address, as in a page: there is nothing on a server that it could be relative to.
      const other = useChat({ baseURL: '/v1' })
      const { completion } = useCompletion({ baseURL: '/v1' })
      return createElement('p', null, `${status} ${messages.length} ${other.status} ${completion}`)
    }
    assert.equal(renderToString(createElement(View)), '<p>loading 0 ready </p>')
    assert.equal(loads, 0)
    assert.equal(client.asked.length, 0)
  })
})

describe('in a browser, in StrictMode', () => {
  let browser: Browser
  let page: Page
  const wrongs: string[] = []
  before(async () => {
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL('app.tsx', import.meta.url))],
      bundle: true,
      write: false,
      format: 'iife',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"development"', setImmediate: 'setTimeout' },
    })
    browser = await launch()
    page = await browser.newPage()
    page.on('pageerror', (error) => wrongs.push(error.message))
    page.on('console', (message) => message.type() === 'error' && wrongs.push(message.text()))
    await page.route('http://page.test/', (route) => route.fulfill({ contentType: 'text/html', body: '<body></body>' }))
    await page.goto('http://page.test/')
    await page.addScriptTag({ content: bundle.outputFiles[0]?.text ?? '' })
    await page.locator('#chat[data-status="ready"]').waitFor()
  })
  after(() => browser?.close())

  test('a conversation loads once, asks once, and only its last message changes while it comes', async () => {
    assert.equal(await page.evaluate(() => window.test.loads), 1)
    await page.click('#send')
    await page.waitForFunction(() => window.test.client.asked.length > 0)
    const counted = await page.evaluate(async () => {
      const { client, renders } = window.test
      const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
      await frame()
      const [user = '', answer = ''] = Object.keys(renders)
      const earlier = { ...renders }
      for (let i = 0; i < 50; i++) client.asked[0]?.say(`${i} `)
      await frame()
      await frame()
      const grown = {
        user: (renders[user] ?? 0) - (earlier[user] ?? 0),
        answer: (renders[answer] ?? 0) - (earlier[answer] ?? 0),
      }
      client.asked[0]?.finish()
      return grown
    })
    assert.equal(counted.user, 0)
    assert.ok(counted.answer >= 1 && counted.answer <= 2, `${counted.answer} renders for 50 chunks in one turn`)
    await page.locator('#chat[data-status="ready"] [data-role="assistant"]', { hasText: '48 49' }).waitFor()
    assert.equal(await page.evaluate(() => window.test.client.asked.length), 1)
  })

  test('a completion comes, stops, and the next one knows nothing of it', async () => {
    await page.click('#complete')
    await page.locator('#completion[data-loading="true"]').waitFor()
    await page.waitForFunction(() => window.test.client.asked.length === 2)
    await page.evaluate(() => void window.test.client.asked[1]?.say('half'))
    await page.locator('#completion p', { hasText: 'half' }).waitFor()
    await page.click('#stop')
    await page.locator('#completion[data-loading="false"]').waitFor()
    await page.click('#complete')
    await page.waitForFunction(() => window.test.client.asked.length === 3)
    const messages = await page.evaluate(() => window.test.client.asked[2]?.request?.messages)
    assert.deepEqual(messages, [{ role: 'user', content: 'One' }])
    await page.evaluate(() => window.test.client.asked[2]?.say('whole').finish())
    await page.locator('#completion[data-loading="false"] p', { hasText: 'whole' }).waitFor()
  })

  test('a component may suspend while it has a conversation', async () => {
    await page.locator('#fallback').waitFor()
    await page.evaluate(() => window.test.ready.resolve('here'))
    await page.locator('#late', { hasText: 'here 0' }).waitFor()
  })

  test('React has nothing to complain about', () => {
    assert.deepEqual(wrongs, [])
  })
})

describe('sizes', () => {
  test('a hook is less than 80 lines', () => {
    for (const file of ['use-chat.ts', 'use-completion.ts']) {
      const lines = readFileSync(new URL(`../../src/react/${file}`, import.meta.url), 'utf8').split('\n').length
      assert.ok(lines < 80, `${file}: ${lines}`)
    }
  })
})

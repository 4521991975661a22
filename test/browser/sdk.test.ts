import assert from 'node:assert/strict'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium, type Browser, type Page } from 'playwright-core'
import { answerFor } from '../../src/simulator/index.ts'
import { startRig, type Rig } from '../support/gateway.ts'
import { startProxy, type Proxy } from '../support/proxy.ts'

const QUESTION = [{ role: 'user' as const, content: 'Tell me a story about dragons' }]
const BROWSER = process.env['SLUICE_CHROMIUM'] ?? '/usr/bin/chromium'

/** The page: `ask(model)` streams an answer into `document.title`-like globals that the test can look at. */
const PAGE_CODE = `
  import { OpenAI } from '${fileURLToPath(new URL('../../src/client/index.ts', import.meta.url))}'
  globalThis.ask = (model, how = {}) => {
    const state = (globalThis.state = { text: '', done: false, error: undefined, reconnects: 0 })
    const run = async () => {
      const client = new OpenAI({ baseURL: '/v1', resume: { firstDelayMs: 50, longestDelayMs: 200, maxAttempts: 200 }, ...how })
      const stream = await client.chat.completions.create({ model, messages: ${JSON.stringify(QUESTION)}, stream: true })
      for await (const piece of stream.text()) { state.text += piece; state.reconnects = stream.metrics.reconnects }
      state.reconnects = stream.metrics.reconnects
    }
    run().then(() => (state.done = true), (error) => (state.error = error.name + ': ' + error.message))
  }`

interface State {
  readonly text: string
  readonly done: boolean
  readonly error: string | undefined
  readonly reconnects: number
}

describe('the SDK in a real browser', () => {
  let rig: Rig
  let site: Server
  let proxy: Proxy
  let browser: Browser
  let page: Page
  /** Tokens that were given out; only the last one is good. */
  let tokens = 0
  const refused: string[] = []

  before(async () => {
    rig = await startRig()
    const { outputFiles } = await build({
      stdin: { contents: PAGE_CODE, loader: 'ts', resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
    })
    const script = outputFiles[0]?.text ?? ''
    // The page and the gateway have one origin, as behind any reverse proxy.
    site = createServer((incoming, response) => {
      if (incoming.url?.startsWith('/v1') !== true) {
        response.writeHead(200, { 'content-type': 'text/html' })
        return void response.end(
          `<!doctype html><script type="module">${script.replaceAll('</script', '<\\/script')}</script>`,
        )
      }
      const { method, url, headers: sent } = incoming
      if (url === '/v1/token') {
        response.writeHead(200, { 'content-type': 'application/json' })
        return void response.end(JSON.stringify({ access_token: `token-${++tokens}`, expires_in: 3_600 }))
      }
      const { authorization, ...headers } = sent
      if (authorization !== undefined && authorization !== `Bearer token-${tokens}`) {
        refused.push(`${method} ${url?.replace(/st_[\w-]+/, 'ID')}`)
        return void response.writeHead(401).end('{"error":{"message":"The token is expired","type":"x","code":null}}')
      }
      const upstream = request(
        new URL(url ?? '', rig.url),
        { method, headers: { ...headers, host: new URL(rig.url).host } },
        (reply) => {
          response.writeHead(reply.statusCode ?? 502, reply.headers)
          reply.pipe(response)
        },
      )
      upstream.on('error', () => response.destroy())
      response.on('close', () => upstream.destroy())
      incoming.pipe(upstream)
    })
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
    proxy = await startProxy((site.address() as AddressInfo).port)
    browser = await chromium.launch({
      executablePath: BROWSER,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
    })
    page = await (await browser.newContext()).newPage()
    await page.goto(`http://127.0.0.1:${proxy.port}/`)
    await page.waitForFunction('typeof ask === "function"')
  })

  after(async () => {
    await browser?.close()
    await proxy?.[Symbol.asyncDispose]()
    site?.close()
    await rig?.[Symbol.asyncDispose]()
  })

  const state = (): Promise<State> => page.evaluate('state')

  /** Waits for the answer to be this long, or over. */
  async function until(characters: number): Promise<void> {
    await page.waitForFunction(`state.done || state.error || state.text.length >= ${characters}`, undefined, {
      timeout: 30_000,
    })
  }

  test('gives the exact text when its connection is cut three times', async () => {
    const model = 'sim:tokens=300,first=0,interval=5ms'
    await page.evaluate(`ask(${JSON.stringify(model)})`)
    for (const characters of [100, 400, 700]) {
      await until(characters)
      proxy.cutNow()
    }
    await until(Infinity)
    const { text, error, reconnects } = await state()
    assert.equal(error, undefined)
    assert.equal(text, answerFor({ model, messages: QUESTION }))
    assert.ok(reconnects >= 3, `${reconnects} reconnects`)
  })

  test('gives the exact text when the device goes offline and comes back, three times', async () => {
    const model = 'sim:tokens=300,first=0,interval=5ms'
    await page.evaluate(`ask(${JSON.stringify(model)})`)
    for (const characters of [100, 400, 700]) {
      await until(characters)
      await page.context().setOffline(true)
      proxy.cutNow()
      await new Promise((resolve) => setTimeout(resolve, 200))
      await page.context().setOffline(false)
    }
    await until(Infinity)
    const { text, error } = await state()
    assert.equal(error, undefined)
    assert.equal(text, answerFor({ model, messages: QUESTION }))
  })

  test('gives the exact text when its token is refused in the middle: another one is fetched first', async () => {
    const model = 'sim:tokens=300,first=0,interval=5ms'
    const how = { keyId: 'id', secret: 's', tokenURL: '/v1/token', dangerouslyAllowBrowser: true }
    await page.evaluate(`ask(${JSON.stringify(model)}, ${JSON.stringify(how)})`)
    for (const characters of [100, 400, 700]) {
      await until(characters)
      // Whatever the page has, is good no more.
      tokens++
      proxy.cutNow()
    }
    await until(Infinity)
    const { text, error, reconnects } = await state()
    assert.equal(error, undefined)
    assert.equal(text, answerFor({ model, messages: QUESTION }))
    assert.ok(reconnects >= 3, `${reconnects} reconnects`)
    assert.ok(refused.length >= 3 && refused.every((line) => line === 'GET /v1/streams/ID'), refused.join())
  })

  // A minute is what a browser takes to throttle a hidden tab; SLUICE_HIDDEN_MS=60000 is the whole experiment.
  const hiddenMs = Number(process.env['SLUICE_HIDDEN_MS'] ?? 3_000)
  for (const [what, cutsBehind] of [
    ['frozen', false],
    ['frozen, and loses its connection meanwhile', true],
  ] as const) {
    test(
      `gives the exact text when its tab is hidden and ${what}, for ${hiddenMs} ms`,
      { timeout: 180_000 },
      async () => {
        const model = `sim:tokens=400,first=0,interval=${Math.max(5, Math.round(hiddenMs / 300))}ms`
        await page.evaluate(`ask(${JSON.stringify(model)})`)
        await until(100)
        const other = await page.context().newPage()
        const devtools = await page.context().newCDPSession(page)
        await other.bringToFront()
        await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
        await new Promise((resolve) => setTimeout(resolve, hiddenMs / 2))
        if (cutsBehind) proxy.cutNow()
        await new Promise((resolve) => setTimeout(resolve, hiddenMs / 2))
        await devtools.send('Page.setWebLifecycleState', { state: 'active' })
        await other.close()
        await page.bringToFront()
        await until(Infinity)
        const { text, error } = await state()
        assert.equal(error, undefined)
        assert.equal(text, answerFor({ model, messages: QUESTION }))
      },
    )
  }
})

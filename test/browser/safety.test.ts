import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startProvider, answer as wireAnswer, EVENTS } from '../support/provider.ts'
import { plainProvider, startRig, type Rig } from '../support/gateway.ts'
import { answered, keptAnswer, launch, say, visit } from './support.ts'

const { payloads }: { readonly payloads: readonly { readonly id: string; readonly payload: string }[] } = JSON.parse(
  readFileSync(new URL('../fixtures/xss-payloads.json', import.meta.url), 'utf8'),
)

/** What a conversation full of payloads may be made of: these elements with these attributes, and no others. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '*': [
    'class',
    'dir',
    'tabindex',
    'role',
    'aria-label',
    'aria-busy',
    'aria-hidden',
    'data-align',
    'data-depth',
    'title',
    'style',
  ],
  a: ['href', 'target', 'rel'],
  ol: ['start'],
  details: ['open'],
  fieldset: ['disabled'],
  input: ['type', 'checked', 'disabled'],
  button: ['type', 'disabled', 'aria-label'],
  svg: ['width', 'height', 'viewBox', 'fill', 'stroke', 'stroke-width', 'stroke-linecap', 'stroke-linejoin'],
  path: ['d'],
}
/** What a formula may be made of: nothing that runs, fetches or leads anywhere. */
const OF_MATHML =
  'accent accentunder columnalign columnlines columnspacing columnspan depth display displaystyle fence form height largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator stretchy symmetric voffset width'
const PLAIN =
  'article div p span strong em del code pre br ul li table thead tbody tr th td blockquote hr figure figcaption details summary h2 h3 h4 h5 h6 i fieldset legend form label select option'

/** Everything in the thread that is not allowed there, and whether a script of a payload ran. */
function strange(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    ([allowed, plain, ofMathMl]) => {
      const found: string[] = []
      if ('__xss' in window) found.push('a script ran')
      for (const element of document.querySelectorAll('.thread article, .thread article *')) {
        const name = element.localName
        const isMath = element.namespaceURI === 'http://www.w3.org/1998/Math/MathML' && /^(?:m[a-z]+|none)$/.test(name)
        if (!isMath && !(name in allowed) && !plain.includes(name)) found.push(`<${name}>`)
        for (const { name: attribute, value } of element.attributes) {
          const known = [...(allowed['*'] ?? []), ...(allowed[name] ?? []), ...(isMath ? ofMathMl : [])]
          if (!known.includes(attribute)) found.push(`${name} ${attribute}`)
          if (attribute === 'style' && (isMath ? /url|script|fixed|sticky/.test(value) : name !== 'div'))
            found.push(`${name} style=${value}`)
          if (attribute === 'href' && !/^(?:https?|mailto):/.test(value)) found.push(`href ${value}`)
        }
      }
      return found
    },
    [ALLOWED, PLAIN.split(' '), OF_MATHML.split(' ')] as const,
  )
}

/** A conversation with a payload in every place that a service can fill. */
function seeded(): object {
  const at = 1_800_000_000_000
  const messages = payloads.flatMap(({ payload }, n) => [
    { role: 'user', id: `u${n}`, parent: n === 0 ? undefined : `a${n - 1}`, createdAt: at + n, text: payload },
    {
      role: 'assistant',
      id: `a${n}`,
      parent: `u${n}`,
      createdAt: at + n,
      askedAt: at + n,
      settings: { model: payload },
      status: n % 2 === 0 ? 'failed' : 'done',
      text: payload,
      reasoning: payload,
      toolCalls: [{ id: payload, type: 'function', function: { name: payload, arguments: payload } }],
      events: [
        { name: payload, data: payload },
        {
          name: 'interactive',
          data: {
            interactive: {
              type: 'userSelect',
              params: { description: payload, userSelectOptions: [{ value: payload }] },
            },
          },
        },
      ],
      timings: { arrivals: [] },
      error: { message: payload, code: payload, resumable: false },
      resumed: 0,
      part: 1,
      partAt: { text: 0, reasoning: 0 },
    },
  ])
  const settings = { model: payloads[3]?.payload ?? '' }
  return {
    id: 'seeded',
    title: payloads[5]?.payload,
    createdAt: at,
    updatedAt: at,
    settings,
    messages,
    leaf: messages.at(-1)?.id,
  }
}

describe('what a model says', () => {
  let browser: Browser
  let house: Rig
  let provider: Awaited<ReturnType<typeof startProvider>>
  before(async () => {
    browser = await launch()
    provider = await startProvider((response, { body }) => {
      const { messages, model } = JSON.parse(body)
      const text: string = messages.at(-1).content
      if (model === 'refuses') {
        response.writeHead(400, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ error: { message: text, type: text, code: text, param: text } }))
        return
      }
      response.writeHead(200, EVENTS)
      // A name for each place at which it may be cut: everywhere.
      response.end(wireAnswer(...(model === 'split' ? Array.from(text) : [text])))
    })
    house = await startRig({ config: () => ({ passthrough: plainProvider(provider.baseURL) }) })
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
  })

  test('runs nothing and asks nobody for anything, wherever it stands on the page', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.evaluate(async (conversation) => {
      const request = indexedDB.open('sluice', 1)
      const database = await new Promise<IDBDatabase>((resolve) => (request.onsuccess = () => resolve(request.result)))
      const put = database.transaction('conversations', 'readwrite').objectStore('conversations').put(conversation)
      await new Promise((resolve) => (put.onsuccess = resolve))
    }, seeded())
    await page.goto(`${new URL(page.url()).origin}/#seeded`)
    await page.reload()
    await page
      .locator('article')
      .nth(payloads.length * 2 - 1)
      .waitFor()
    await page.evaluate(() => document.querySelectorAll('details').forEach((each) => (each.open = true)))
    await page.waitForTimeout(300)
    assert.deepEqual(await strange(page), [])
    // What has no markup of Markdown in it is shown letter by letter.
    const plain = payloads.filter(
      ({ payload }) => !/[*_`~[\]\\&#$\n\r\t\u0000]|^\s|\s{2}|\s$|^[-+>|=\d]|https?:|www\.|@|^$/.test(payload),
    )
    assert.ok(plain.length > 40)
    const texts = new Set(
      await page.locator('article .markdown').evaluateAll((all) => all.map((each) => each.textContent)),
    )
    assert.deepEqual(
      plain.filter(({ payload }) => !texts.has(payload) && !/<br\s*\/?>/i.test(payload)).map(({ payload }) => payload),
      [],
    )
    assert.deepEqual(shown.wrongs, [])
  })

  for (const model of ['whole', 'split']) {
    test(`runs nothing when it comes as a stream, ${model === 'split' ? 'cut behind every character' : 'in one piece'}`, async () => {
      await using shown = await visit(browser, house, { model })
      const { page } = shown
      for (let from = 0; from < payloads.length; from += 24) {
        const text = payloads
          .slice(from, from + 24)
          .map(({ payload }) => payload.replaceAll('\0', ''))
          .join('\n\n')
          .trim()
        await page.getByRole('button', { name: 'New chat' }).click()
        await say(page, text)
        await answered(page)
        assert.equal((await keptAnswer(page)).text.trim(), text)
        assert.deepEqual(await strange(page), [])
      }
      assert.deepEqual(shown.wrongs, [])
    })
  }

  test('runs nothing within a formula', async () => {
    await using shown = await visit(browser, house, { model: 'split' })
    const { page } = shown
    const inMath = (payload: string, at: number): string => {
      const line = payload.replaceAll(/[\0\r\n$]/g, ' ').trim()
      const tex = at % 3 === 0 ? line : String.raw`x^2 \text{${line}}`
      return at % 2 === 0 ? `$$\n${tex}\n$$` : String.raw`a \( ${tex} \) b`
    }
    const tricks = [
      String.raw`$\href{javascript:alert(1)}{x^2}$ $\url{javascript:alert(1)}$ $\class{app}{x^2}$ $\id{root}{x^2}$`,
      String.raw`$\style{position:fixed;inset:0}{x^2}$ $\includegraphics{https://evil.example/x.png}$ $x^2$`,
    ]
    for (const texts of [tricks, payloads.slice(0, 60).map(({ payload }, at) => inMath(payload, at))]) {
      await page.getByRole('button', { name: 'New chat' }).click()
      await say(page, texts.join('\n\n'))
      await answered(page)
      await page.locator('article math').first().waitFor()
      assert.deepEqual(await strange(page), [])
    }
    assert.deepEqual(shown.wrongs, [])
  })

  test('runs nothing as the text of an error', async () => {
    await using shown = await visit(browser, house, { model: 'refuses' })
    const { page } = shown
    for (let from = 0; from < payloads.length; from += 95) {
      await page.getByRole('button', { name: 'New chat' }).click()
      await say(
        page,
        payloads
          .slice(from, from + 95)
          .map(({ payload }) => payload)
          .join(' '),
      )
      await page.getByRole('alert').waitFor()
      assert.deepEqual(await strange(page), [])
    }
    assert.deepEqual(shown.wrongs, [])
  })
})

describe('the page', () => {
  test('comes with a policy that lets nothing else in, and with names that are a closed set', async () => {
    await using house = await startRig()
    const { origin } = new URL(house.url)
    const page = await fetch(origin)
    const policy = page.headers.get('content-security-policy') ?? ''
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      assert.ok(policy.includes(rule), rule)
    assert.doesNotMatch(policy, /unsafe|\*/)
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    const [, asset = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(await page.text()) ?? []
    const script = await fetch(origin + asset)
    assert.match(script.headers.get('cache-control') ?? '', /immutable/)
    const again = await fetch(origin + asset, { headers: { 'if-none-match': script.headers.get('etag') ?? '' } })
    assert.equal(again.status, 304)
    for (const path of [
      '/assets/nothing.js',
      '/assets/..%2findex.html',
      '/index.html',
      '/assets/',
      '/package.json',
      '/assets/__proto__',
    ])
      assert.equal((await fetch(origin + path)).status, 404, path)
    assert.equal((await fetch(origin, { method: 'POST' })).status, 405)
  })

  test('is at first no more than 160 KB, gzipped', async (t) => {
    await using house = await startRig()
    const { origin } = new URL(house.url)
    const size = async (path: string): Promise<number> => {
      const response = await fetch(origin + path)
      assert.equal(response.headers.get('content-encoding'), 'gzip', path)
      return Number(response.headers.get('content-length'))
    }
    const html = await (await fetch(origin)).text()
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path)
    assert.ok(files.length >= 2)
    const sizes = await Promise.all(['/', ...files].map(size))
    const total = sizes.reduce((sum, each) => sum + each, 0) / 1024
    t.diagnostic(`first load ${total.toFixed(1)} KB gzip`)
    assert.ok(total <= 160, `${total} KB`)
  })
})

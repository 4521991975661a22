import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import axe from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { plainProvider, startRig } from '../support/gateway.ts'
import { issueKey } from '../support/keys.ts'
import { makeBusy, startOperatorHouse, visitOperator, type OperatorHouse } from './operator-house.ts'
import { launch, watch } from './support.ts'

const { payloads }: { readonly payloads: readonly { readonly payload: string }[] } = JSON.parse(
  readFileSync(new URL('../fixtures/xss-payloads.json', import.meta.url), 'utf8'),
)

interface WireOverview {
  readonly streams: number
  readonly open: readonly {
    readonly id: string
    readonly model: string
    readonly key: string
    readonly chunks: number
  }[]
  readonly breakers: readonly { readonly model: string; readonly state: string }[]
}

interface WireList {
  readonly data: readonly { readonly id: string; readonly status: string; readonly name?: string }[]
}

/** What axe finds wrong with the page as it is now. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`if (!('axe' in window)) { ${axe.source} }`)
  const found: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[] =
    await page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)`,
    )
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`))
}

describe('the operator’s page, under load', () => {
  let browser: Browser
  let house: OperatorHouse
  let ids: readonly string[]
  before(async () => {
    // One after the other: a browser whose gateway did not start must be closed.
    browser = await launch()
    house = await startOperatorHouse()
    ids = await makeBusy(house)
    await ended(ids.slice(0, 8))
  })
  after(async () => {
    await browser?.close()
    await house?.quiet()
    await house?.[Symbol.asyncDispose]()
  })

  async function ended(some: readonly string[]): Promise<void> {
    for (;;) {
      const { open } = await house.api<WireOverview>('/admin/v1/overview')
      if (!open.some(({ id }) => some.includes(id))) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  test('shows every open stream with the API’s own figures, and they grow', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    const table = page.getByRole('table', { name: 'Open streams' })
    const { streams, open } = await house.api<WireOverview>('/admin/v1/overview')
    assert.equal(streams, 45)
    assert.equal(await table.getByRole('row').count(), streams + 1)
    const tile = page.locator('.tile', { hasText: 'Open streams' })
    assert.equal(await tile.locator('b').textContent(), String(streams))
    const [story] = open.filter(({ model }) => model === 'long-story')
    assert.ok(story !== undefined)
    const row = table.getByRole('row', { name: story.id })
    const name = house.callers.find(({ id }) => id === story.key)?.record.name ?? ''
    assert.equal(await row.locator('[data-label="Key"]').textContent(), name)
    assert.match((await row.locator('[data-label="Served by"]').textContent()) ?? '', /^east \//)
    const reached = async (least: number): Promise<unknown> =>
      page.waitForFunction(
        ([id, count]) => {
          const cell = document.querySelector(`tr:has([title="${id}"]) [data-label="Tokens"]`)
          return Number(cell?.textContent?.replaceAll(/\D/g, '')) >= count
        },
        [story.id, least] as const,
      )
    await reached(story.chunks)
    const tokens = async (): Promise<number> =>
      Number((await row.locator('[data-label="Tokens"]').textContent())?.replaceAll(/\D/g, ''))
    const first = await tokens()
    const later = (await house.api<WireOverview>('/admin/v1/overview')).open.find(({ id }) => id === story.id)
    assert.ok(first <= (later?.chunks ?? 0), 'not more than there are')
    await reached(first + 1)
    // A rescued one says so, by whom it is served now, and by how many tries.
    const rescued = table.getByRole('row').filter({ hasText: 'rescued-story' }).first()
    await rescued.getByText('Rescued', { exact: true }).waitFor()
    assert.match((await rescued.locator('[data-label="Served by"]').textContent()) ?? '', /^west \//)
    assert.equal(await rescued.locator('[data-label="Tries"]').textContent(), '2')
    assert.deepEqual(shown.wrongs, [])
  })

  test('sorts by any column, with the keyboard too', async () => {
    await using shown = await visitOperator(browser, house)
    const table = shown.page.getByRole('table', { name: 'Open streams' })
    await table.getByRole('columnheader', { name: 'Model' }).getByRole('button').focus()
    await shown.page.keyboard.press('Enter')
    const models = async (): Promise<readonly string[]> => table.locator('[data-label="Model"]').allTextContents()
    assert.deepEqual(await models(), (await models()).toSorted())
    await shown.page.keyboard.press('Enter')
    assert.equal((await models())[0], 'slow-thought')
    assert.equal(await table.locator('[aria-sort="descending"]').count(), 1)
  })

  test('cancels a stream, when it is meant', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    const table = page.getByRole('table', { name: 'Open streams' })
    const { open } = await house.api<WireOverview>('/admin/v1/overview')
    const id = open[0]?.id ?? assert.fail('no stream')
    await table.getByRole('button', { name: `Cancel ${id}` }).click()
    await page.getByRole('button', { name: 'Let it go on' }).click()
    assert.ok((await house.api<WireOverview>('/admin/v1/overview')).open.some((stream) => stream.id === id))
    await table.getByRole('button', { name: `Cancel ${id}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the stream' }).click()
    await table.getByRole('row', { name: id }).waitFor({ state: 'detached' })
    const stream = await house.api<{ readonly status: string }>(`/admin/v1/streams/${id}`)
    assert.equal(stream.status, 'cancelled')
    await page.getByLabel('Outcome').selectOption('cancelled')
    await page.getByRole('table', { name: 'Ended streams' }).getByRole('button', { name: id }).waitFor()
  })

  test('tells what happened to a stream: tries, cut, seam, on an axis and in words', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    await page.getByLabel('Rescued only').check()
    const list = page.getByRole('table', { name: 'Ended streams' })
    await page
      .locator('#ended')
      .getByRole('combobox', { name: /^Model/ })
      .selectOption('cut-story')
    const rescued = await house.api<WireList>('/admin/v1/streams?status=ended&rescued=true&model=cut-story')
    await list.getByRole('row').nth(rescued.data.length).waitFor()
    assert.equal(await list.getByRole('row').count(), rescued.data.length + 1)
    await list.getByRole('button', { name: rescued.data[0]?.id ?? '' }).click()
    const dialog = page.getByRole('dialog', { name: 'What happened' })
    await dialog.getByRole('img', { name: /^2 tries in/ }).waitFor()
    assert.equal(await dialog.locator('.lane').count(), 2)
    assert.equal(await dialog.locator('.mark[data-kind="seam"]').count(), 1)
    await dialog.getByText('cut · upstream_interrupted').waitFor()
    await dialog.getByText('prefill, nothing repeated').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    // One that fell silent met its deadline.
    await page
      .locator('#ended')
      .getByRole('combobox', { name: /^Model/ })
      .selectOption('silent-story')
    await list.getByRole('button', { name: /^st_/ }).first().click()
    await dialog.getByText('deadline · upstream_between_tokens_timeout').waitFor()
    assert.deepEqual(shown.wrongs, [])
  })

  test('draws latency and usage, whose sums are the API’s', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    await page.locator('#charts canvas').nth(3).waitFor()
    const history = await house.api<{
      readonly usage: readonly {
        readonly key: string
        readonly prompt_tokens: number
        readonly completion_tokens: number
      }[]
      readonly total: { readonly failed: number; readonly ttft_ms: { readonly p95: number } | null }
    }>('/admin/v1/history')
    assert.ok((history.total.ttft_ms?.p95 ?? 0) > 0)
    const [first] = house.callers
    const sum = history.usage
      .filter(({ key }) => key === first?.id)
      .reduce((all, each) => all + each.prompt_tokens + each.completion_tokens, 0)
    const legend = page.locator('.chart', { hasText: 'Tokens' }).locator('li', { hasText: 'web-app' })
    await legend.waitFor()
    const written = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(sum)
    await legend.getByText(written, { exact: true }).waitFor()
    await page
      .locator('.tile', { hasText: 'Failed' })
      .getByText(String(history.total.failed), { exact: true })
      .waitFor()
    await page.getByText('30 days', { exact: true }).click()
    await page.getByText('Percentiles are kept for a day.').waitFor()
    await page.locator('#charts canvas').nth(1).waitFor()
    await page.getByText('Model', { exact: true }).locator('visible=true').last().click()
    assert.deepEqual(shown.wrongs, [])
  })

  test('shows providers, breakers and limits as they are', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    const east = page.getByRole('table', { name: 'Providers' }).getByRole('row', { name: 'east' })
    await east.getByText('provider_rate_limited').waitFor()
    await east.getByText('upstream_interrupted').waitFor()
    const { breakers } = await house.api<WireOverview>('/admin/v1/overview')
    assert.equal(breakers.find(({ model }) => model === 'sim:fault=http-503')?.state, 'open')
    const broken = page.getByRole('table', { name: 'Breakers' }).getByRole('row', { name: 'sim:fault=http-503' })
    await broken.getByText('open', { exact: true }).waitFor()
    const limit = page.getByRole('table', { name: 'Limits in use' }).getByRole('row', { name: 'web-app' })
    await limit.getByText(/^ ?\d+ of 40$/).waitFor()
  })

  test('makes a key, shows it once, and ends it with its streams', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    await page.getByRole('button', { name: 'New key' }).click()
    const dialog = page.getByRole('dialog', { name: 'New key' })
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('night shift')
    await dialog.getByLabel('Budget').fill('nonsense')
    await dialog.getByRole('button', { name: 'Create' }).click()
    await dialog
      .getByRole('alert')
      .getByText(/limits\.budget/)
      .waitFor()
    await dialog.getByLabel('Budget').fill('2,50')
    await dialog.getByLabel('At once').fill('3')
    await dialog.getByRole('button', { name: 'Create' }).click()
    const secret = (await dialog.locator('.secret code').textContent()) ?? ''
    assert.match(secret, /^sk-sluice-[\w-]{43}$/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    const keys = page.getByRole('table', { name: 'Keys' })
    const row = keys.getByRole('row', { name: /night shift/ })
    await row.getByText(/\$0 of \$2\.50/).waitFor()
    assert.ok(!(await page.content()).includes(secret), 'it is nowhere any more')
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }
    const answer = await house.rig.chat({ model: 'long-story', stream: true }, { headers })
    assert.equal(answer.status, 200)
    await row.getByRole('button', { name: 'Rotate' }).click()
    await page.getByLabel('The old one stays good for').selectOption('1h')
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    assert.match((await dialog.locator('.secret code').textContent()) ?? '', /^sk-sluice-/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await row.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await row.waitFor({ state: 'detached' })
    assert.match(await answer.text(), /key_revoked/)
    await page.getByLabel('Show revoked').check()
    await row.getByText('revoked').waitFor()
    assert.equal((await house.rig.chat({ model: 'long-story' }, { headers })).status, 401)
    assert.deepEqual(shown.wrongs, [])
  })

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ] as const satisfies readonly (readonly [string, BrowserContextOptions])[]) {
    test(`gives axe nothing to say: ${name}`, async () => {
      // axe is not the page's own: the policy would keep it out.
      await using shown = await visitOperator(browser, house, { bypassCSP: true, reducedMotion: 'reduce', ...options })
      const { page } = shown
      await page.locator('#charts canvas').nth(3).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.getByLabel('Rescued only').check()
      await page.getByRole('table', { name: 'Ended streams' }).getByRole('button', { name: /^st_/ }).first().click()
      await page.getByRole('dialog').getByText('Timeline').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'New key' }).click()
      await page.getByRole('dialog', { name: 'New key' }).waitFor()
      assert.deepEqual(await violations(page), [])
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
      assert.equal(isWide, false, 'nothing is wider than the window')
    })
  }

  test('speaks four languages', async () => {
    await using shown = await visitOperator(browser, house)
    const { page } = shown
    for (const [language, heading] of [
      ['ru', 'Открытые потоки'],
      ['vi', 'Luồng đang mở'],
      ['zh', '进行中的流'],
      ['en', 'Open streams'],
    ] as const) {
      await page.locator('.operator-header select').first().selectOption(language)
      await page.getByRole('heading', { name: heading }).waitFor()
      assert.equal(await page.evaluate(() => document.documentElement.lang), language)
    }
    assert.deepEqual(shown.wrongs, [])
  })
})

describe('the operator’s page', () => {
  let browser: Browser
  before(async () => {
    browser = await launch()
  })
  after(() => browser?.close())

  test('runs nothing of the names and errors that it shows', async () => {
    const names = payloads
      .map(({ payload }) => payload.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').slice(0, 100))
      .filter((name) => /^[^\u0000-\u001f\u007f]{1,100}$/.test(name) && name.trim() !== '')
    await using rig = await startRig({
      config: ({ url }) => ({ passthrough: plainProvider(url, { name: '<img src=x onerror=alert(1)>' }) }),
    })
    const keys = names.slice(0, 60).map((name) => issueKey(rig.server, { name }))
    await Promise.all(
      names.slice(0, 60).map(async (name, i) => {
        const model = i % 3 === 0 ? 'sim:tokens=400,interval=50ms' : name
        const response = await rig.chat(
          { model: i % 7 === 1 ? `sim:fault=http-400,${name}` : model, stream: true },
          { headers: { 'content-type': 'application/json', ...keys[i]?.headers } },
        )
        if (i % 3 !== 0) await response.text()
      }),
    )
    const admin = issueKey(rig.server, { name: names[7] ?? '', scope: 'admin' })
    await (await fetch(`${rig.server.url}/streams`)).text()
    const page = await browser.newPage({ locale: 'en-GB' })
    const wrongs = watch(page, rig.server.url)
    await page.goto(`${rig.server.url}/streams`)
    await page.getByLabel('API key').fill(admin.key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('table', { name: 'Keys' }).getByRole('row').nth(60).waitFor()
    await page.getByRole('table', { name: 'Ended streams' }).getByRole('row').nth(30).waitFor()
    const shownNames = await page.locator('#keys [data-label="Name"] bdi').allTextContents()
    assert.deepEqual(new Set(shownNames), new Set([...names.slice(0, 60), names[7]]))
    await page.getByRole('table', { name: 'Ended streams' }).getByRole('button', { name: /^st_/ }).first().click()
    await page.getByRole('dialog').getByText('Timeline').waitFor()
    const strange = await page.evaluate(() => ({
      ran: '__xss' in window,
      elements: document.querySelectorAll(
        '#root :is(img, script, iframe, object, embed, form[action], a[href^="javascript"])',
      ).length,
    }))
    assert.deepEqual(strange, { ran: false, elements: 0 })
    assert.deepEqual(wrongs, [])
    await page.close()
  })

  test('is the local user’s where there is no key, who goes on with the first key that is made', async () => {
    await using rig = await startRig()
    await (await fetch(`${rig.server.url}/streams`)).text()
    const page = await browser.newPage({ locale: 'en-GB' })
    const wrongs = watch(page, rig.server.url)
    await page.goto(`${rig.server.url}/streams`)
    await page.getByText('Nothing is being answered now.').waitFor()
    await page.getByText('There are no keys: who reaches this gateway may call it.').waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    const dialog = page.getByRole('dialog', { name: 'New key' })
    assert.equal(await dialog.getByLabel('Kind').isDisabled(), true)
    await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('boss')
    await dialog.getByRole('button', { name: 'Create' }).click()
    assert.match((await dialog.locator('.secret code').textContent()) ?? '', /^sk-sluice-admin-/)
    await dialog.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('row', { name: /boss/ }).waitFor()
    assert.equal((await fetch(`${rig.server.url}/admin/v1/overview`)).status, 401)
    await page.reload()
    await page.getByRole('row', { name: /boss/ }).waitFor()
    assert.deepEqual(wrongs, [])
    await page.close()
  })

  test('turns a caller’s key away, and says where else its routes may be', async () => {
    await using rig = await startRig({
      config: ({ url }) => ({ passthrough: plainProvider(url), admin: { host: '127.0.0.1', port: 0 } }),
    })
    await (await fetch(`${rig.server.url}/streams`)).text()
    const page = await browser.newPage({ locale: 'en-GB' })
    await page.goto(`${rig.server.url}/streams`)
    await page.getByRole('alert').getByText('are on another listener').waitFor()
    await page.goto(`${rig.server.adminUrl}/streams`)
    await page.getByText('Nothing is being answered now.').waitFor()
    const { key } = issueKey(rig.server, { name: 'a caller' })
    await page.reload()
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('“a caller” is no admin key').waitFor()
    await page.close()
  })

  test('asks nothing while nobody looks, and says how old its figures are when nobody answers', async () => {
    await using rig = await startRig()
    await (await fetch(`${rig.server.url}/streams`)).text()
    const context = await browser.newContext({ locale: 'en-GB' })
    const page = await context.newPage()
    await page.goto(`${rig.server.url}/streams`)
    await page.getByText('Nothing is being answered now.').waitFor()
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
    })
    // What was under way comes to its end.
    await page.waitForTimeout(300)
    let asked = 0
    page.on('request', () => asked++)
    await page.waitForTimeout(2_500)
    assert.equal(asked, 0)
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'visible' })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await page.getByRole('status').getByText('Live').waitFor()
    assert.ok(asked >= 1)
    await context.setOffline(true)
    await page.getByRole('status').getByText('No answer for').waitFor()
    await page.getByRole('alert').getByText('The gateway could not be reached').waitFor()
    await context.close()
  })

  test('loads nothing of the chat, and the chat nothing of it', async () => {
    await using rig = await startRig()
    const scripts = async (path: string): Promise<string> => {
      const html = await (await fetch(`${rig.server.url}${path}`)).text()
      const files = [...html.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map(([, file]) => file)
      assert.ok(files.length > 0)
      return (await Promise.all(files.map(async (file) => (await fetch(`${rig.server.url}${file}`)).text()))).join('\n')
    }
    const [chat, operator] = [await scripts('/'), await scripts('/streams')]
    assert.ok(operator.includes('/admin/v1/overview') && !chat.includes('/admin/v1/'))
    assert.ok(chat.includes('/chat/completions') && !operator.includes('/chat/completions'))
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { EVENTS } from '../support/provider.ts'
import { textFrames } from './frames.ts'
import { answered, launch, say, startHouse, visit, type Visit } from './support.ts'

/** What axe finds wrong with the page as it is now. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(`if (!('axe' in window)) { ${axe.source} }`)
  // Colours that are still fading are not the ones to judge.
  await page.evaluate(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => undefined))))
  const found: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[] =
    await page.evaluate(
      `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)`,
    )
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`))
}

describe('the page, for everybody', () => {
  let browser: Browser
  let house: Rig
  before(async () => {
    // One after the other: a browser whose gateway did not start must be closed.
    browser = await launch()
    house = await startHouse()
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
  })

  // axe is not the page's own: the policy would keep it out.
  const open = (options: Parameters<typeof visit>[2] = {}): Promise<Visit> =>
    visit(browser, house, {
      bypassCSP: true,
      reducedMotion: 'reduce',
      model: 'sim:tokens=300,interval=0ms,reasoning=20',
      ...options,
    })

  for (const [name, options] of [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ] as const) {
    test(`gives axe nothing to say: ${name}`, async () => {
      await using shown = await open(options)
      const { page } = shown
      assert.deepEqual(await violations(page), [])
      await say(page, 'Compare lists, a table and code in TypeScript')
      await answered(page)
      await page.locator('summary', { hasText: 'Reasoning' }).click()
      assert.deepEqual(await violations(page), [])
      await page.getByRole('button', { name: 'Why' }).click()
      await page.getByRole('dialog', { name: 'Why' }).getByText('Timeline').waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog', { name: 'Commands' }).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('dialog', { name: 'Settings' }).waitFor()
      assert.deepEqual(await violations(page), [])
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: /^Model:/ }).click()
      await page.getByRole('textbox', { name: 'Find or type a model' }).waitFor()
      assert.deepEqual(await violations(page), [])
    })
  }

  test('gives axe nothing to say: formulas, and the way in with a key', async () => {
    await using shown = await open()
    const { page } = shown
    const formulas = 'A $x^2$ and\n\n$$\n\\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}\n$$\n'
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({ headers: EVENTS, body: textFrames(formulas) }),
    )
    await say(page, 'Formulas')
    await answered(page)
    await page.locator('article math').nth(1).waitFor()
    assert.deepEqual(await violations(page), [])
    await page.route('**/session', (route) => route.fulfill({ json: { open: false, keyed: true, admin: false } }))
    await page.reload()
    await page.getByLabel('API key').waitFor()
    assert.deepEqual(await violations(page), [])
  })

  test('reads an answer out in sentences, not in tokens', async () => {
    await using shown = await visit(browser, house, { model: 'sim:tokens=300,interval=8ms' })
    const { page } = shown
    const region = page.locator('[aria-live="polite"]')
    await page.evaluate(() => {
      const said: string[] = []
      Object.assign(window, { said })
      new MutationObserver(() => {
        said.push(document.querySelector('[aria-live="polite"]')?.textContent ?? '')
      }).observe(document.body, { subtree: true, childList: true, characterData: true })
    })
    await say(page, 'Tell me a story')
    await answered(page)
    await page.waitForFunction(() => document.querySelector('[aria-live="polite"]')?.textContent !== '')
    const said = await page.evaluate(() => [...new Set((window as unknown as { said: string[] }).said)].filter(Boolean))
    assert.ok(said.length >= 1 && said.length <= 4, JSON.stringify(said))
    assert.ok(
      said.every((each) => /[.!?:)*…]$/.test(each)),
      JSON.stringify(said),
    )
    // The text itself is no live region.
    assert.equal(await region.locator('article').count(), 0)
    assert.equal(await page.locator('article [aria-live], [role="log"]').count(), 0)
  })

  test('can be used with the keyboard alone', async () => {
    await using shown = await visit(browser, house, { model: 'slow' })
    const { page } = shown
    const field = page.getByRole('textbox', { name: 'Ask anything' })
    assert.ok(await field.evaluate((element) => element === document.activeElement))
    await page.keyboard.type('one')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('two')
    assert.equal(await field.inputValue(), 'one\ntwo')
    await page.keyboard.press('Enter')
    await page.locator('article .markdown').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Stopped', { exact: true }).waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog', { name: 'Commands' }).waitFor()
    await page.keyboard.type('dark')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.documentElement.dataset['theme'] === 'dark')
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog', { name: 'Commands' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.deepEqual(shown.wrongs, [])
  })
})

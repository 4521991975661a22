// The pictures of the operator's page in docs/images: node test/browser/operator-pictures.ts
// Not a test: what it writes differs a little from machine to machine.
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions } from 'playwright-core'
import { makeBusy, startOperatorHouse, visitOperator } from './operator-house.ts'
import { launch } from './support.ts'

const FOLDER = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const [MINUTE, DAY] = [60_000, 86_400_000]

// A month of real streams, on a wall clock that is set forward between them.
const real = Date.now
let shift = -30 * DAY
Date.now = () => real() + shift

await using house = await startOperatorHouse()
for (let day = 29; day >= 1; day--) {
  shift = -day * DAY
  for (const round of [0, 1]) await burst(45 + ((day * 17 + round * 5) % 40), day + round)
}
for (let half = 46; half >= 3; half--) {
  shift = -half * 30 * MINUTE
  await burst(4 + ((half * 3) % 9), half)
}
for (let minute = 58; minute >= 1; minute--) {
  shift = -minute * MINUTE
  await burst(3 + ((minute * 7) % 5), minute)
}
shift = 0
await makeBusy(house)

const browser = await launch()
try {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }
  await pictures('operator', { colorScheme: 'light' }, ['charts', 'month', 'providers', 'keys', 'timeline'])
  await pictures('operator-dark', { colorScheme: 'dark' }, ['charts', 'timeline'])
  await pictures('operator-phone', { colorScheme: 'light', ...phone }, ['timeline'])
  await pictures('operator-phone-dark', { colorScheme: 'dark', ...phone }, ['charts'])
} finally {
  await browser.close()
  await house.quiet()
}

async function burst(count: number, seed: number): Promise<void> {
  const models = ['quick-note', 'quick-note', 'quick-note', 'limited', 'quick-note', 'cut-story', 'quick-note']
  await Promise.all(
    Array.from({ length: count }, async (_, i) => house.ask(seed + i * i, models[(seed + i) % models.length] ?? '')),
  )
  for (;;) {
    const { streams } = await house.api<{ readonly streams: number }>('/admin/v1/overview')
    if (streams === 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function pictures(name: string, options: BrowserContextOptions, more: readonly string[]): Promise<void> {
  await using shown = await visitOperator(browser, house, options)
  const { page } = shown
  await page.locator('.chart canvas').first().waitFor()
  // Rates are of some seconds.
  await page.waitForTimeout(3_500)
  await page.screenshot({ path: `${FOLDER}${name}.png` })
  for (const each of more) {
    const section = each === 'month' ? 'charts' : each
    await page.evaluate((id) => document.querySelector(`#${id}`)?.scrollIntoView({ behavior: 'instant' }), section)
    if (each === 'month') {
      await page.getByText('30 days', { exact: true }).click()
      await page.locator('.segments').nth(1).getByText('Model').click()
      await page.locator('.chart canvas').first().waitFor()
    }
    if (each === 'timeline') {
      await page.getByLabel('Rescued only').check()
      await page
        .locator('#ended')
        .getByRole('combobox', { name: /^Model/ })
        .selectOption('silent-story')
      await page.getByRole('table', { name: 'Ended streams' }).getByRole('button', { name: /^st_/ }).first().click()
      await page.getByRole('dialog').getByText('Timeline').waitFor()
    }
    await page.waitForTimeout(400)
    await page.screenshot({ path: `${FOLDER}${name}-${each}.png` })
  }
  for (const wrong of shown.wrongs) console.error(`${name}: ${wrong}`)
}

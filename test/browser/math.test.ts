import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { EVENTS } from '../support/provider.ts'
import { textFrames } from './frames.ts'
import { answered, launch, say, startHouse, visit } from './support.ts'

const TEXT =
  String.raw`The roots of $ax^2 + bx + c$ are

$$
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
$$

- with \(a \neq 0\), for \$5 or $6 and $7

\[ \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix} \]

and $\nosuchcommand$ stays, ` + '`$x$` too.'

describe('formulas in an answer', () => {
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

  test('are set as MathML under the page’s own policy, and prices stay prices', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body: textFrames(TEXT) }))
    await say(page, 'Show me')
    await answered(page)
    await page.locator('article math').nth(3).waitFor()
    assert.equal(await page.locator('article math').count(), 4)
    const space = await page
      .locator('article math')
      .first()
      .evaluate((element) => element.namespaceURI)
    assert.equal(space, 'http://www.w3.org/1998/Math/MathML')
    const box = await page.locator('article .formula.display').first().boundingBox()
    assert.ok((box?.height ?? 0) > 35, 'a fraction is higher than a line')
    const text = await page.locator('article .markdown').innerText()
    assert.ok(text.includes('for $5 or $6 and $7'), text)
    assert.ok(text.includes('$\\nosuchcommand$'), text)
    assert.ok(text.includes('$x$ too'), text)
    assert.deepEqual(shown.wrongs, [])
  })

  test('are paid for only by who has one: the typesetter is fetched with the first', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    const fetched: string[] = []
    page.on('request', (request) => fetched.push(request.url()))
    const scripts = (): number => fetched.filter((url) => /typeset.*\.js$|temml.*\.js$/.test(url)).length
    await say(page, 'No formula, please')
    await answered(page)
    assert.equal(scripts(), 0)
    await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body: textFrames(TEXT) }))
    await say(page, 'Now one')
    await page.locator('article math').first().waitFor()
    assert.equal(scripts(), 1)
  })

  test('stay where they are, however large or far they are told to be', async () => {
    await using shown = await visit(browser, house, { viewport: { width: 390, height: 700 } })
    const { page } = shown
    const wild = String.raw`$\rule{9000em}{9000em}$ $\kern{-9000em} over$ $x \hspace{9000em} y$ $$\underbrace{${'a + '.repeat(200)} b}_{c}$$`
    await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body: textFrames(wild) }))
    await say(page, 'wild')
    await answered(page)
    await page.locator('article math').first().waitFor()
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390)
    const thread = await page.locator('.thread').evaluate((element) => element.scrollWidth - element.clientWidth)
    assert.ok(thread <= 0, `${thread} px wider than the page`)
    assert.deepEqual(shown.wrongs, [])
  })
})

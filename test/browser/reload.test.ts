import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { answerFor } from '../../src/simulator/index.ts'
import type { Rig } from '../support/gateway.ts'
import { answered, generations, keptAnswer, launch, say, startHouse, visit } from './support.ts'

const SLOW = 'sim:tokens=400,interval=10ms'
const expected = (question: string, model: string = SLOW): string =>
  answerFor({ model, messages: [{ role: 'user', content: question }] })

describe('an answer on the page', () => {
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

  test('survives five reloads in its middle: the text is exact, and the provider was asked once', async () => {
    // Long enough for five reloads on a busy machine.
    const model = 'sim:tokens=1200,interval=10ms'
    await using shown = await visit(browser, house, { model })
    const { page } = shown
    const earlier = generations(house)
    await say(page, 'Tell me of reloading')
    for (let round = 0; round < 5; round++) {
      // Each time a little more of it is there.
      const shownText = page.locator('article .markdown')
      await shownText.waitFor()
      await page.waitForTimeout(250)
      assert.equal(await page.locator('article[aria-busy="true"]').count(), 1, `round ${round}: it is still coming`)
      await page.reload()
    }
    await answered(page)
    const kept = await keptAnswer(page)
    assert.equal(kept.text, expected('Tell me of reloading', model))
    assert.equal(kept.status, 'done')
    assert.equal(generations(house) - earlier, 1)
    assert.ok(await page.getByText('Continued where it was').isVisible())
    assert.deepEqual(shown.wrongs, [])
  })

  test('is asked for once when the page is reloaded before its first word', async () => {
    await using shown = await visit(browser, house, { model: 'sim:tokens=40,interval=5ms,first=1500ms' })
    const { page } = shown
    const earlier = generations(house)
    await say(page, 'Wait for it')
    await page.getByRole('status', { name: 'Waiting for the first word' }).waitFor()
    await page.reload()
    await answered(page)
    assert.equal((await keptAnswer(page)).text, expected('Wait for it', 'sim:tokens=40,interval=5ms,first=1500ms'))
    assert.equal(generations(house) - earlier, 1)
  })

  test('goes on after the network was gone, and says so', async () => {
    await using shown = await visit(browser, house, { model: 'slow' })
    const { page, context } = shown
    const earlier = generations(house)
    await say(page, 'Tell me of networks')
    await page.locator('article .markdown').waitFor()
    await context.setOffline(true)
    await page.getByText('No network. The answer goes on').waitFor()
    await page.waitForTimeout(600)
    await context.setOffline(false)
    await answered(page)
    assert.equal((await keptAnswer(page)).text, expected('Tell me of networks'))
    assert.equal(generations(house) - earlier, 1)
    assert.deepEqual(shown.wrongs, [])
  })

  test('is in step in a second tab, which reads the same stream', async () => {
    await using shown = await visit(browser, house, { model: 'slow' })
    const { page, context } = shown
    const earlier = generations(house)
    await say(page, 'Tell me of tabs')
    await page.locator('article .markdown').waitFor()
    const second = await context.newPage()
    await second.goto(page.url())
    await second.locator('article[aria-busy="true"] .markdown').waitFor()
    await Promise.all([answered(page), answered(second)])
    const texts = await Promise.all([page, second].map((each) => each.locator('article .markdown').innerText()))
    assert.equal(texts[0], texts[1])
    assert.equal((await keptAnswer(second)).text, expected('Tell me of tabs'))
    assert.equal(generations(house) - earlier, 1)
  })

  test('comes in several conversations at once', async () => {
    await using shown = await visit(browser, house, { model: 'slow' })
    const { page } = shown
    await say(page, 'The first conversation')
    await page.getByRole('button', { name: 'New chat' }).click()
    await say(page, 'The second conversation')
    await page.locator('article .markdown').waitFor()
    const list = page.getByRole('navigation', { name: 'Conversations' })
    assert.equal(await list.locator('.pulse').count(), 2)
    await answered(page)
    assert.equal((await keptAnswer(page)).text, expected('The second conversation'))
    await list.getByRole('button', { name: 'The first conversation', exact: true }).click()
    await answered(page)
    assert.equal((await keptAnswer(page)).text, expected('The first conversation'))
  })
})

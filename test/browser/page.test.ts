import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { EVENTS } from '../support/provider.ts'
import { frames, textFrames } from './frames.ts'
import { answered, keptAnswer, launch, say, startHouse, visit } from './support.ts'

describe('the chat page', () => {
  let browser: Browser
  let house: Rig
  before(async () => {
    // One after the other: a browser whose gateway did not start must be closed.
    browser = await launch()
    house = await startHouse({ 'other-model': 'sim:tokens=60,interval=1ms' })
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
  })

  test('shows that somebody is typing, then the answer, and a stop that stops the model', async () => {
    await using shown = await visit(browser, house, { model: 'sim:tokens=2000,interval=5ms,first=300ms' })
    const { page } = shown
    await say(page, 'Tell me a long story')
    await page.getByRole('status', { name: 'Waiting for the first word' }).waitFor()
    await page.locator('article .markdown').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Stopped', { exact: true }).waitFor()
    const { streamId = '' } = await keptAnswer(page)
    await page.waitForFunction(
      async (id) => (await (await fetch(`/v1/streams/${id}?format=json`)).json()).status === 'cancelled',
      streamId,
    )
    assert.equal(house.simulator.open, 0)
    assert.deepEqual(shown.wrongs, [])
  })

  test('renders tables, lists and code, colours the code and copies it', async () => {
    await using shown = await visit(browser, house, { permissions: ['clipboard-read', 'clipboard-write'] })
    const { page } = shown
    const text =
      'A *word*.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n\n```ts\nconst answer: number = 42\n```\n\n![cat](https://example.com/cat.png) 你好，世界'
    await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body: textFrames(text) }))
    await say(page, 'Show me')
    await answered(page)
    const answer = page.locator('article .markdown')
    assert.equal(await answer.locator('table td').first().innerText(), '1')
    assert.equal(await answer.locator('input[type=checkbox]').isChecked(), true)
    assert.equal(await answer.locator('em').innerText(), 'word')
    assert.equal(
      await answer.getByRole('link', { name: 'image: cat' }).getAttribute('rel'),
      'noopener noreferrer nofollow',
    )
    await answer.locator('.hljs-number').waitFor()
    await answer.locator('figure').getByRole('button', { name: 'Copy' }).click()
    await answer.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'const answer: number = 42')
    assert.deepEqual(shown.wrongs, [])
  })

  test('folds reasoning, and shows tool calls', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    const call = {
      index: 0,
      id: 'c',
      type: 'function',
      function: { name: 'get_weather', arguments: '{"city":"Hà Nội"}' },
    }
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({
        headers: EVENTS,
        body: frames([
          { delta: { reasoning_content: 'Let me think' } },
          { delta: { tool_calls: [call] } },
          { delta: {}, finish_reason: 'tool_calls' },
        ]),
      }),
    )
    await say(page, 'Weather?')
    await answered(page)
    assert.equal(await page.getByText('Let me think').isVisible(), false)
    await page.locator('summary', { hasText: 'Reasoning' }).click()
    assert.equal(await page.getByText('Let me think').isVisible(), true)
    await page.locator('summary', { hasText: 'get_weather' }).click()
    await page.getByText('"city": "Hà Nội"').waitFor()
  })

  test('answers again, edits and goes between the versions', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await say(page, 'First wording')
    await answered(page)
    await page.getByRole('button', { name: 'Answer again' }).click()
    await page.getByRole('status', { name: '2 of 2' }).waitFor()
    await answered(page)
    await page.getByRole('button', { name: 'Previous version' }).click()
    await page.getByRole('status', { name: '1 of 2' }).waitFor()
    await page.locator('.said').hover()
    await page.getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('textbox', { name: 'Edit' }).fill('Second wording')
    await page.keyboard.press('Enter')
    await page.locator('.said', { hasText: 'Second wording' }).waitFor()
    await answered(page)
    await page.locator('.said').hover()
    await page.getByRole('button', { name: 'Previous version' }).first().click()
    await page.locator('.said', { hasText: 'First wording' }).waitFor()
    assert.deepEqual(shown.wrongs, [])
  })

  test('continues a stopped answer', async () => {
    await using shown = await visit(browser, house, { model: 'slow' })
    const { page } = shown
    await say(page, 'Tell me of continuing')
    await page.locator('article .markdown').waitFor()
    await page.waitForTimeout(500)
    await page.keyboard.press('Escape')
    const { text: half } = await keptAnswer(page)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.locator('article[aria-busy="true"]').waitFor()
    await answered(page)
    const { text, status } = await keptAnswer(page)
    assert.equal(status, 'done')
    assert.ok(text.startsWith(half) && text.length > half.length)
  })

  test('queues what is said meanwhile', async () => {
    await using shown = await visit(browser, house, { model: 'sim:tokens=100,interval=8ms' })
    const { page } = shown
    await say(page, 'One')
    await page.locator('article[aria-busy="true"]').waitFor()
    await say(page, 'Two')
    await page.getByRole('list', { name: 'Sent when this answer has ended' }).getByText('Two').waitFor()
    await answered(page, 2)
    assert.deepEqual(await page.locator('.said').allInnerTexts(), ['One', 'Two'])
  })

  test('picks a model, and takes any name that is typed', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.getByRole('button', { name: /^Model:/ }).click()
    await page.getByRole('textbox', { name: 'Find or type a model' }).fill('other')
    await page.getByRole('button', { name: 'other-model' }).first().click()
    await page.getByRole('button', { name: 'Model: other-model' }).click()
    await page.getByRole('textbox', { name: 'Find or type a model' }).fill('sim:tokens=5')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Model: sim:tokens=5' }).waitFor()
    await say(page, 'Hello')
    await answered(page)
    assert.equal(house.simulator.requests.at(-1)?.model, 'sim:tokens=5')
  })

  test('sends the system prompt and the parameters of the conversation', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByLabel('System prompt').fill('Be brief')
    await page.getByLabel('Temperature').fill('0.5')
    await page.getByLabel('Longest answer').fill('7')
    await page.getByRole('button', { name: 'Close' }).click()
    await say(page, 'Hello')
    await page.getByText('Ended at its limit').waitFor()
    const body = house.simulator.requests.at(-1)?.body
    assert.ok(typeof body === 'object' && body !== null)
    assert.equal(Reflect.get(body, 'temperature'), 0.5)
    assert.equal(Reflect.get(body, 'max_tokens'), 7)
    assert.deepEqual(Reflect.get(body, 'messages')[0], { role: 'system', content: 'Be brief' })
  })
})

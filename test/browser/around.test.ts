import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { EVENTS } from '../support/provider.ts'
import { textFrames } from './frames.ts'
import { answered, launch, say, startHouse, visit } from './support.ts'

describe('around the chat', () => {
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

  test('tells why: stream, attempts, times, speed, chart and timeline', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await say(page, 'Why?')
    await answered(page)
    await page.getByRole('button', { name: 'Why', exact: true }).click()
    const panel = page.getByRole('dialog', { name: 'Why' })
    await panel.getByText('first token', { exact: true }).waitFor()
    const facts = await panel.locator('.facts').innerText()
    for (const fact of ['st_', 'completed', '1 · simulator', 'First token', 'tokens/s', '120 out', 'none, simulated'])
      assert.ok(facts.includes(fact), `${fact} in ${facts}`)
    await panel.locator('canvas').waitFor()
    assert.deepEqual(shown.wrongs, [])
  })

  test('finds conversations by what was said in them, deletes them, and hands them over as files', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await say(page, 'About lighthouses')
    await answered(page)
    await page.getByRole('button', { name: 'New chat' }).click()
    await say(page, 'About whales')
    await answered(page)
    await page.getByRole('searchbox').fill('LIGHTHOUSES')
    const list = page.getByRole('navigation')
    await list.getByRole('button', { name: 'About whales', exact: true }).waitFor({ state: 'detached' })
    await list.getByRole('button', { name: 'About lighthouses', exact: true }).click()
    const waiting = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Export as Markdown' }).click()
    const download = await waiting
    assert.equal(download.suggestedFilename(), 'About-lighthouses.md')
    assert.match(await readFile(await download.path(), 'utf8'), /^# About lighthouses\n\n> About lighthouses\n\n/)
    const waitingToo = page.waitForEvent('download')
    await page.keyboard.press('Control+k')
    await page.getByRole('dialog', { name: 'Commands' }).waitFor()
    await page.keyboard.type('json')
    await page.keyboard.press('Enter')
    const { messages, leaf } = JSON.parse(await readFile(await (await waitingToo).path(), 'utf8'))
    assert.deepEqual([messages.length, messages[1].id], [2, leaf])
    await list.getByRole('listitem').first().hover()
    await list.getByRole('button', { name: 'Delete: About lighthouses' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Nothing found').waitFor()
    assert.deepEqual(shown.wrongs, [])
  })

  test('shows what a FastGPT workflow asks as buttons and forms', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    const select = {
      type: 'userSelect',
      params: {
        description: 'Which one?',
        userSelectOptions: [
          { key: 'a', value: 'Red' },
          { key: 'b', value: 'Blue' },
        ],
      },
    }
    const form = {
      type: 'userInput',
      params: {
        description: 'Who?',
        inputForm: [
          { type: 'input', key: 'name', label: 'Name', required: true },
          {
            type: 'select',
            key: 'size',
            label: 'Size',
            list: [
              { label: 'S', value: 'S' },
              { label: 'L', value: 'L' },
            ],
          },
        ],
      },
    }
    const asked: string[] = []
    await page.route('**/v1/chat/completions', async (route) => {
      const { messages } = route.request().postDataJSON()
      asked.push(messages.at(-1).content)
      const interactive = asked.length === 1 ? select : asked.length === 2 ? form : undefined
      const event = interactive === undefined ? '' : `event: interactive\ndata: ${JSON.stringify({ interactive })}\n\n`
      await route.fulfill({ headers: EVENTS, body: event + textFrames('ok') })
    })
    await say(page, 'Go')
    await page.getByRole('button', { name: 'Blue' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('Lan')
    await page.getByRole('combobox', { name: 'Size' }).selectOption('L')
    await page.getByRole('button', { name: 'Submit' }).click()
    await answered(page, 3)
    assert.deepEqual(asked, ['Go', 'Blue', '{"name":"Lan","size":"L"}'])
    assert.equal(await page.getByRole('button', { name: 'Blue' }).isDisabled(), true)
  })

  test('says honestly that answers are simulated, and how to connect a provider', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.getByText('These answers are simulated').waitFor()
    await page.getByRole('button', { name: 'Connect one' }).click()
    await page.getByText('export OPENAI_API_KEY').waitFor()
  })

  for (const [locale, ask, name] of [
    ['ru-RU', 'Что вы хотите узнать?', 'Настройки'],
    ['vi-VN', 'Bạn muốn biết điều gì?', 'Cài đặt'],
    ['zh-CN', '您想了解什么？', '设置'],
  ] as const) {
    test(`speaks the reader's language: ${locale}`, async () => {
      await using shown = await visit(browser, house, { locale })
      const { page } = shown
      await page.getByRole('heading', { name: ask }).waitFor()
      await page.getByRole('button', { name }).click()
      assert.equal(await page.locator('html').getAttribute('lang'), locale.slice(0, 2))
      await page.getByRole('dialog').getByRole('combobox').last().selectOption('en')
      await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor()
      assert.deepEqual(shown.wrongs, [])
    })
  }

  test('sets text that runs from right to left from right to left', async () => {
    await using shown = await visit(browser, house)
    const { page } = shown
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({ headers: EVENTS, body: textFrames('مرحبا بالعالم\n\n- واحد\n- اثنان') }),
    )
    await say(page, 'اكتب لي')
    await answered(page)
    const direction = (selector: string): Promise<string> =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).direction)
    assert.equal(await direction('.said'), 'rtl')
    assert.equal(await direction('.markdown p'), 'rtl')
    assert.equal(await direction('.markdown ul'), 'rtl')
  })

  test('fits a phone: nothing is wider than it, and the list opens and closes', async () => {
    await using shown = await visit(browser, house, {
      viewport: { width: 360, height: 640 },
      hasTouch: true,
      isMobile: true,
    })
    const { page } = shown
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({
        headers: EVENTS,
        body: textFrames(
          `${'word'.repeat(100)}\n\n\`\`\`js\n${'x'.repeat(300)}\n\`\`\`\n\n| ${'a | '.repeat(20)}\n|${'---|'.repeat(20)}\n`,
        ),
      }),
    )
    await say(page, 'wide')
    await answered(page)
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360)
    const wide = await page
      .locator('.thread *')
      .evaluateAll((all) =>
        all
          .filter((each) => each.closest('pre, .table-box') === null && each.getBoundingClientRect().right > 360)
          .map((each) => each.outerHTML.slice(0, 200)),
      )
    assert.deepEqual(wide, [])
    const list = page.getByRole('navigation')
    assert.equal(await list.isVisible(), false)
    await page.getByRole('button', { name: 'Conversations' }).click()
    await list.waitFor()
    await page.getByRole('button', { name: 'wide', exact: true }).click()
    await list.waitFor({ state: 'hidden' })
  })
})

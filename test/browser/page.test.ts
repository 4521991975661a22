import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Browser } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { EVENTS } from '../support/provider.ts'
import { answered, keptAnswer, launch, say, startHouse, visit } from './support.ts'

describe('the chat page', () => {
  let browser: Browser
  let house: Rig
  before(async () => {
    ;[browser, house] = await Promise.all([launch(), startHouse({ 'other-model': 'sim:tokens=60,interval=1ms' })])
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
    await page.route('**/v1/chat/completions', (route) => route.fulfill({ headers: EVENTS, body: sse(text) }))
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

describe('around the chat', () => {
  let browser: Browser
  let house: Rig
  before(async () => {
    ;[browser, house] = await Promise.all([launch(), startHouse({ 'other-model': 'sim:tokens=60,interval=1ms' })])
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
      await route.fulfill({ headers: EVENTS, body: event + sse('ok') })
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
      route.fulfill({ headers: EVENTS, body: sse('مرحبا بالعالم\n\n- واحد\n- اثنان') }),
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
        body: sse(
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

/** A stream without a gateway: only what the page makes of it is looked at. */
function frames(choices: readonly object[]): string {
  return `${choices.map((choice) => `data: ${JSON.stringify({ id: '1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`).join('')}data: [DONE]\n\n`
}

function sse(text: string): string {
  const pieces = text.match(/[^]{1,7}/gu) ?? []
  return frames([...pieces.map((content) => ({ delta: { content } })), { delta: {}, finish_reason: 'stop' }])
}

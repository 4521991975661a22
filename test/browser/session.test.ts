import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Rig } from '../support/gateway.ts'
import { issueKey } from '../support/keys.ts'
import { answered, generations, launch, say, startHouse, watch } from './support.ts'

describe('the page of a gateway with keys', () => {
  let browser: Browser
  let house: Rig
  before(async () => {
    // One after the other: a browser whose gateway did not start must be closed.
    browser = await launch()
    house = await startHouse()
    issueKey(house.server)
  })
  after(async () => {
    await browser?.close()
    await house?.[Symbol.asyncDispose]()
  })

  interface Opened extends AsyncDisposable {
    readonly page: Page
    readonly wrongs: readonly string[]
  }

  async function open(): Promise<Opened> {
    const context = await browser.newContext({ locale: 'en-GB' })
    context.setDefaultTimeout(10_000)
    const page = await context.newPage()
    const wrongs = watch(page, house.server.url)
    await page.goto(house.server.url)
    return { page, wrongs, [Symbol.asyncDispose]: () => context.close() }
  }

  async function signIn(page: Page, key: string): Promise<void> {
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  test('asks for a key first, and for another one when it is wrong', async () => {
    await using opened = await open()
    const { page } = opened
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    assert.equal(await page.getByRole('textbox', { name: 'Ask anything' }).count(), 0)
    await signIn(page, 'sk-sluice-wrong')
    await page.getByRole('alert').getByText('This key is not known here').waitFor()
    assert.deepEqual(opened.wrongs, [])
  })

  test('chats by a session, with the key nowhere that a script could find it, over a reload too', async () => {
    await using opened = await open()
    const { page } = opened
    const { key, id } = issueKey(house.server, { name: 'Lan' })
    const shown: string[] = []
    page.on('request', (request) => {
      if (!request.url().endsWith('/session'))
        shown.push(JSON.stringify(request.headers()) + (request.postData() ?? ''))
    })
    await signIn(page, key)
    await page.getByRole('textbox', { name: 'Ask anything' }).waitFor()
    await page.getByText('Lan', { exact: true }).waitFor()
    await say(page, 'Hello')
    await page.locator('article .markdown').waitFor()
    const asked = generations(house)
    await page.reload()
    await answered(page)
    assert.equal(generations(house), asked)
    const streams = await page.evaluate(async () => (await (await fetch('/v1/streams')).json()).data.length)
    assert.equal(streams, 1)
    const readable = await page.evaluate(async () => {
      const databases = await indexedDB.databases()
      return JSON.stringify([
        Object.entries(localStorage),
        Object.entries(sessionStorage),
        document.cookie,
        databases,
        document.documentElement.innerHTML,
      ])
    })
    assert.ok(readable.includes(`sluice ${id}`), 'conversations are kept for this key')
    for (const text of [readable, ...shown]) assert.ok(!text.includes(key), 'the key is nowhere')
    assert.deepEqual(opened.wrongs, [])
  })

  test('lets go: signed out, the page asks again, and another key sees none of the conversations', async () => {
    await using opened = await open()
    const { page } = opened
    await signIn(page, issueKey(house.server, { name: 'first' }).key)
    await say(page, 'A secret of the first')
    await answered(page)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(page, issueKey(house.server, { name: 'second' }).key)
    await page.getByText('second', { exact: true }).waitFor()
    await page.getByText('What you ask is kept here, in this browser.').waitFor()
    assert.equal(await page.getByText('A secret of the first').count(), 0)
  })

  test('says when the session is over, and goes on with the conversation after the next login', async () => {
    await using opened = await open()
    const { page } = opened
    const issued = issueKey(house.server)
    await signIn(page, issued.key)
    await say(page, 'One')
    await answered(page)
    house.server.gateway.keys.change((book) => book.rotate(issued.id, 0))
    await say(page, 'Two')
    await page.getByRole('alert').getByText('Your session is over').waitFor()
    await page.getByRole('alert').getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    const next = house.server.gateway.keys.change((book) => book.rotate(issued.id, 0))
    await signIn(page, next?.key ?? '')
    await page.getByText('Two', { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    await answered(page, 2)
    assert.deepEqual(opened.wrongs, [])
  })

  test('says to the holder of an admin key that it is none to chat with', async () => {
    await using opened = await open()
    await signIn(opened.page, issueKey(house.server, { scope: 'admin', name: 'operator' }).key)
    await opened.page.getByText('This is an admin key').waitFor()
    await opened.page.getByRole('button', { name: 'Sign out' }).click()
    await opened.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

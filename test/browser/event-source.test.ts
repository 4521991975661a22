import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerFor } from '../../src/simulator/index.ts'
import { launch, startHouse, visit } from './support.ts'

const MODEL = 'sim:tokens=150,interval=10ms'

/** Runs in the page: reads a stream by EventSource after a cursor, keeping what it got where a reload finds it. */
function listen(id: string): void {
  const kept = JSON.parse(sessionStorage.getItem('read') ?? '{"text":"","ids":[]}')
  const after = kept.ids.at(-1)
  const source = new EventSource(`/v1/streams/${id}${after === undefined ? '' : `?after=${encodeURIComponent(after)}`}`)
  Object.assign(window, { source })
  source.addEventListener('message', ({ data, lastEventId }) => {
    kept.ids.push(lastEventId)
    if (data === '[DONE]') kept.done = (kept.done ?? 0) + 1
    else for (const { delta } of JSON.parse(data).choices) kept.text += delta.content ?? ''
    sessionStorage.setItem('read', JSON.stringify(kept))
  })
}

test('an EventSource goes on after a reload in mid-answer, and stops asking after the end', async () => {
  await using house = await startHouse()
  const browser = await launch()
  try {
    await using shown = await visit(browser, house)
    const { page } = shown
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/v1/streams/')) asked.push(request.url())
    })
    const id = await page.evaluate(async (model) => {
      const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Tell me a story' }] })
      const headers = { 'content-type': 'application/json' }
      const response = await fetch('/v1/chat/completions', { method: 'POST', headers, body })
      return response.headers.get('x-stream-id') ?? ''
    }, MODEL)
    await page.evaluate(listen, id)
    await page.waitForFunction(() => (JSON.parse(sessionStorage.getItem('read') ?? '{"ids":[]}').ids.length ?? 0) > 20)
    await page.reload()
    await page.evaluate(listen, id)
    // Its own reconnection, 3 s after the end in Chromium, is answered 204, which closes it for good.
    await page.waitForFunction(
      () => (window as unknown as { source: EventSource }).source.readyState === 2,
      undefined,
      {
        timeout: 15_000,
      },
    )
    const count = asked.length
    const read = await page.evaluate(() => JSON.parse(sessionStorage.getItem('read') ?? '{}'))
    assert.equal(read.text, answerFor({ model: MODEL, messages: [{ role: 'user', content: 'Tell me a story' }] }))
    assert.equal(read.done, 1)
    assert.equal(new Set(read.ids).size, read.ids.length)
    assert.equal(count, 3, asked.join('\n'))
    await page.waitForTimeout(4_000)
    assert.equal(asked.length, 3)
  } finally {
    await browser.close()
  }
})

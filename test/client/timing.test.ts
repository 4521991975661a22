import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { OpenAI } from '../../src/client/index.ts'
import { isOffline, onWake } from '../../src/client/timing.ts'
import { answer, EVENTS, startProvider } from '../support/provider.ts'
import { ASK } from './wire.ts'

/** An EventTarget that knows how many listeners it has. */
class Target extends EventTarget {
  listeners = 0
  visibilityState = 'visible'

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++
    super.addEventListener(...args)
  }

  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--
    super.removeEventListener(...args)
  }
}

describe('a page', () => {
  const page = new Target()
  const window = new Target()
  const globals = {
    document: page,
    addEventListener: window.addEventListener.bind(window),
    removeEventListener: window.removeEventListener.bind(window),
  }

  beforeEach(() => {
    for (const [name, value] of Object.entries(globals))
      Object.defineProperty(globalThis, name, { value, configurable: true })
  })
  afterEach(() => {
    page.visibilityState = 'visible'
    for (const name of [...Object.keys(globals), 'navigator']) Reflect.deleteProperty(globalThis, name)
  })

  test('wakes a stream when it is shown, taken from the cache, or online again, and not when it is hidden', () => {
    let woken = 0
    const stop = onWake(() => woken++)
    page.visibilityState = 'hidden'
    page.dispatchEvent(new Event('visibilitychange'))
    assert.equal(woken, 0)
    page.visibilityState = 'visible'
    page.dispatchEvent(new Event('visibilitychange'))
    window.dispatchEvent(new Event('pageshow'))
    window.dispatchEvent(new Event('online'))
    assert.equal(woken, 3)
    stop()
    window.dispatchEvent(new Event('online'))
    assert.equal(woken, 3)
    assert.deepEqual([page.listeners, window.listeners], [0, 0])
  })

  test('that is offline makes no attempts until it is online, and then at once', async () => {
    const events = answer('one ', 'two ', 'three')
      .split('\n\n')
      .filter((each) => each !== '')
    await using provider = await startProvider((response, { headers }) => {
      const from =
        headers['last-event-id'] === undefined ? 0 : Number(String(headers['last-event-id']).split(':')[1]) + 1
      response.writeHead(200, { ...EVENTS, 'x-stream-id': 'st_1', link: '</v1/streams/st_1>; rel="resume"' })
      const part = events.slice(from, from === 0 ? 3 : undefined)
      response.write(part.map((each, i) => `id: st_1:${from + i}\n${each}\n\n`).join(''))
      if (from === 0) setTimeout(() => response.destroy(), 5)
      else response.end()
    })
    let onLine = false
    Object.defineProperty(globalThis, 'navigator', {
      value: {
        get onLine() {
          return onLine
        },
      },
      configurable: true,
    })
    assert.equal(isOffline(), true)
    const stream = await new OpenAI({ baseURL: provider.baseURL, apiKey: 'k' }).chat.completions.create(ASK)
    const whole = stream.completion()
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(provider.requests.length, 1)
    onLine = true
    window.dispatchEvent(new Event('online'))
    assert.equal((await whole).choices[0]?.message.content, 'one two three')
    assert.deepEqual([page.listeners, window.listeners], [0, 0])
  })
})

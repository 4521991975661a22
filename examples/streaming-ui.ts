// The page for POST /chat/stream: of a gateway, or of chat-stream-server.ts. Bundle it.
import { SseDecoder } from 'sluice/sse'

/** Shows answers in an element, one at a time. */
export class StreamingUI {
  readonly #container: HTMLElement
  #abort = new AbortController()

  constructor(container: HTMLElement) {
    this.#container = container
  }

  /** Asks, and shows the answer as it comes. Resolves when it is complete, failed (which is shown) or stopped. */
  async sendMessage(messages: readonly { role: string; content: string }[], endpoint = '/chat/stream'): Promise<void> {
    this.stop()
    const { signal } = (this.#abort = new AbortController())
    this.#container.textContent = ''
    try {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify({ messages }), signal })
      if (!response.ok || response.body === null) throw new Error(await response.text())
      const reader = response.body.getReader()
      const decoder = new SseDecoder()
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        for (const event of decoder.push(read.value)) {
          if (event.type !== 'event') continue
          if (event.name === 'error') throw new Error(event.data)
          if (event.data === '[DONE]') return
          this.#container.append(event.data)
        }
      }
      throw new Error('The connection broke')
    } catch (error) {
      if (!signal.aborted) this.#container.append(`[${String(error)}]`)
    }
  }

  /** Ends the answer; the model stops. */
  stop(): void {
    this.#abort.abort()
  }
}

// A page without the SDK: fetch, and a decoder that knows what `split('\n')` does not (lines and characters cut
// between two reads, `data:` without a space, comments). Bundle it, and call it with an element.
import { SseDecoder } from 'sluice/sse'

/** Asks the gateway that the page is from, and shows the answer in an element. Resolves when it is complete. */
export async function streamInto(output: HTMLElement, content: string, signal?: AbortSignal): Promise<void> {
  const response = await fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'default', messages: [{ role: 'user', content }], stream: true }),
    signal: signal ?? null,
  })
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`)
  const decoder = new SseDecoder()
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) throw new Error('The connection broke before the answer was complete')
    for (const event of decoder.push(value)) {
      if (event.type !== 'event') continue
      if (event.data === '[DONE]') return
      const { choices, error } = JSON.parse(event.data)
      if (error) throw new Error(error.message)
      output.append(choices[0]?.delta?.content ?? '') // Text, never innerHTML.
    }
  }
}

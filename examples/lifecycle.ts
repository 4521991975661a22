// The life of a stream, as it is on the wire: the role, pieces of text, the finish_reason, [DONE].
import { SseDecoder } from 'sluice/sse'

const response = await fetch(`${process.env['SLUICE_URL'] ?? 'http://127.0.0.1:8787'}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ model: 'default', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
})
if (!response.ok || response.body === null) throw new Error(await response.text())

function show(data: string): void {
  if (data === '[DONE]') return console.log('end: [DONE]')
  const { delta, finish_reason: reason } = JSON.parse(data).choices[0]
  if (reason !== null) console.log(`final chunk: finish_reason ${reason}`)
  else console.log(delta.role ? `first chunk: role ${delta.role}` : `content: ${JSON.stringify(delta.content)}`)
}

const decoder = new SseDecoder()
for await (const bytes of response.body) {
  for (const event of decoder.push(bytes)) if (event.type === 'event') show(event.data)
}

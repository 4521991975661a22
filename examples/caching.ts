// The same request again costs nothing and is there at once, streamed or whole. Only complete answers are kept.
import { MemoryStore, OpenAI, ResponseCache } from 'sluice'

const client = new OpenAI()
const cache = new ResponseCache({ store: new MemoryStore({ maxBytes: 1_000_000 }), scope: 'user-1', ttl: 3_600_000 })
const request = { model: 'default', messages: [{ role: 'user' as const, content: 'Tell me a story' }] }

for (const which of ['first', 'second']) {
  let asked = false
  let text = ''
  const chunks = cache.stream(request, () => {
    asked = true
    return client.chat.completions.create({ ...request, stream: true })
  })
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? ''
  console.log(`${which}: ${text.length} characters, ${asked ? 'from the service' : 'from the cache'}`)
}

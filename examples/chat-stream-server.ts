// POST /chat/stream with {"messages", "model"?, "max_tokens"?, "temperature"?}: an API of one's own in front of a
// service, its answer as plain text over SSE. streaming-ui.ts is the page for it.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { APIError, OpenAI } from 'sluice'
import { z } from 'zod'

const ChatRequest = z.object({
  messages: z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1),
  model: z.string().default('default'),
  max_tokens: z.int().positive().default(4_096),
  temperature: z.number().min(0).max(2).default(0.7),
})

const client = new OpenAI()
const app = new Hono()

app.post('/chat/stream', async (c) => {
  const checked = ChatRequest.safeParse(await c.req.json().catch(() => undefined))
  if (!checked.success) return c.json({ error: z.prettifyError(checked.error) }, 422)
  const stream = await client.chat.completions.create({ ...checked.data, stream: true })
  // A line feed within a piece becomes one more data: line, so that no token can end an event.
  return stream.toResponse({ dialect: 'text' })
})
app.onError((error, c) => c.json({ error: error.message }, error instanceof APIError ? 502 : 500))

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000), hostname: '127.0.0.1' }, (address) => {
  console.log('Listening at', address)
})

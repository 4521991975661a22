// Hono, on Node, Bun, Deno or at the edge: GET /stream?message=… for an EventSource.
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { OpenAI } from 'sluice'

const client = new OpenAI()
const app = new Hono()

app.get('/stream', async (c) => {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: c.req.query('message') ?? 'Привет!' }],
    stream: true,
  })
  // When the page is left the response is cancelled, and the model stops.
  return stream.toResponse({ dialect: 'relay' })
})
app.onError((error, c) =>
  c.body(`data: ${JSON.stringify({ error: error.message, done: true })}\n\n`, 200, {
    'content-type': 'text/event-stream',
  }),
)

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000), hostname: '127.0.0.1' }, (address) => {
  console.log('Listening at', address)
})

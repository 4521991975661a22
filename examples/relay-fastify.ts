// Fastify: GET /stream?message=… for an EventSource.
import { fastify } from 'fastify'
import { OpenAI } from 'sluice'

const client = new OpenAI()
const app = fastify()

app.get<{ Querystring: { message?: string } }>('/stream', async (request, reply) => {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: request.query.message ?? 'Привет!' }],
    stream: true,
  })
  reply.hijack() // From here on the answer is ours to write.
  await stream.pipeTo(reply.raw, { dialect: 'relay' })
})
app.setErrorHandler((error: Error, _request, reply) =>
  reply
    .code(200)
    .type('text/event-stream')
    .send(`data: ${JSON.stringify({ error: error.message, done: true })}\n\n`),
)

await app.listen({ port: Number(process.env['PORT'] ?? 3000), host: '127.0.0.1' })
console.log('Listening at', app.server.address())

// Node alone: GET /stream-chat?message=… for an EventSource, and the page that shows it at /.
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { OpenAI } from 'sluice'

const client = new OpenAI()
const page = await readFile(new URL('event-source-page.html', import.meta.url))

async function answer(message: string, response: ServerResponse): Promise<void> {
  try {
    const stream = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: message }],
      stream: true,
    })
    await stream.pipeTo(response, { dialect: 'relay' })
  } catch (error) {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(`data: ${JSON.stringify({ error: String(error), done: true })}\n\n`)
  }
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/stream-chat') void answer(searchParams.get('message') ?? 'Привет!', response)
  else response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
})
server.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => console.log('Listening at', server.address()))

// Express: GET /stream-chat?message=… for an EventSource (event-source-page.html shows it).
import express, { type Response } from 'express'
import { OpenAI } from 'sluice'

const client = new OpenAI()

async function relay(message: string, response: Response): Promise<void> {
  try {
    const stream = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: message }],
      stream: true,
      max_tokens: 200,
    })
    // {"content":…,"done":false} for each piece, {"done":true} at the end. Stops the model when the page is left.
    await stream.pipeTo(response, { dialect: 'relay' })
  } catch (error) {
    // An EventSource reads nothing but events: a failure before the first one is an event, too.
    if (!response.headersSent) response.type('text/event-stream')
    response.end(`data: ${JSON.stringify({ error: String(error), done: true })}\n\n`)
  }
}

const app = express()
app.get('/stream-chat', (request, response) => {
  const { message } = request.query
  void relay(typeof message === 'string' ? message : 'Привет!', response)
})
const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  console.log('Listening at', server.address())
})

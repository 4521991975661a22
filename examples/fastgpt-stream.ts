// FastGPT through the OpenAI client: its base URL is /api/v1 of where it runs, its key that of one application.
import { OpenAI } from 'sluice'

const client = new OpenAI({
  baseURL: `${process.env['FASTGPT_URL'] ?? 'http://localhost:3000'}/api/v1`,
  apiKey: process.env['FASTGPT_API_KEY'],
})

const stream = await client.chat.completions.create({
  model: 'default', // FastGPT takes the application's own.
  messages: [{ role: 'user', content: 'Tell me a short story about AI' }],
  stream: true,
})
console.log('=== Streaming response ===\n')
for await (const text of stream.text()) process.stdout.write(text)
console.log()

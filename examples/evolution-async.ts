// The same in a function: `await using` lets go of the stream however the function is left, and the model stops.
import { OpenAI } from 'sluice'

async function explain(client: OpenAI, subject: string): Promise<void> {
  await using stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: `Объясни ${subject} подробно` }],
    stream: true,
    max_tokens: 400,
  })
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')
  console.log()
}

const client = new OpenAI({
  keyId: process.env['EVOLUTION_KEY_ID'],
  secret: process.env['EVOLUTION_SECRET'],
  baseURL: process.env['EVOLUTION_BASE_URL'] ?? 'https://your-endpoint.cloud.ru/v1',
})
await explain(client, 'квантовую физику')

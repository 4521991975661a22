// MegaLLM, or any other OpenAI-compatible service: a base URL and a key.
import { OpenAI } from 'sluice'

const client = new OpenAI({
  baseURL: process.env['MEGALLM_BASE_URL'] ?? 'https://ai.megallm.io/v1',
  apiKey: process.env['MEGALLM_API_KEY'],
})

const stream = await client.chat.completions.create({
  model: 'gpt-4',
  messages: [{ role: 'user', content: 'Write a haiku about programming' }],
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '')

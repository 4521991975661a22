// The openai package works with a gateway as it is: only the base URL is another.
import OpenAI from 'openai'

const openai = new OpenAI({
  baseURL: `${process.env['SLUICE_URL'] ?? 'http://127.0.0.1:8787'}/v1`,
  apiKey: process.env['SLUICE_API_KEY'] ?? 'none',
})

const stream = await openai.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Write a haiku about programming' }],
  stream: true,
})
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? '')

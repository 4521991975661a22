// Evolution (cloud.ru): a key pair instead of a key. It is exchanged for a token, which is renewed in time.
import { OpenAI } from 'sluice'

const client = new OpenAI({
  keyId: process.env['EVOLUTION_KEY_ID'],
  secret: process.env['EVOLUTION_SECRET'],
  baseURL: process.env['EVOLUTION_BASE_URL'] ?? 'https://your-endpoint.cloud.ru/v1',
})

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Расскажи длинную историю про космос' }],
  stream: true,
  max_tokens: 300,
})
for await (const text of stream.text()) process.stdout.write(text)
console.log()

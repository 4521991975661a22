// FastGPT with a count of the pieces, and of the tokens they are about.
import { metrics, OpenAI } from 'sluice'

const client = new OpenAI({
  baseURL: `${process.env['FASTGPT_URL'] ?? 'http://localhost:3000'}/api/v1`,
  apiKey: process.env['FASTGPT_API_KEY'],
})

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'Explain quantum computing' }],
  stream: true,
})
const meter = metrics()
for await (const text of meter(stream.text())) process.stdout.write(text)
// FastGPT tells no usage in a stream, so the tokens are an estimate.
console.log(`\n\n${meter.stats().chunks} pieces, about ${meter.stats().tokens} tokens`)

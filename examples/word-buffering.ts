// Whole words only, also where they are written without spaces (Chinese, Japanese, Thai).
import { OpenAI, words } from 'sluice'

const client = new OpenAI({
  baseURL: `${process.env['FASTGPT_URL'] ?? 'http://localhost:3000'}/api/v1`,
  apiKey: process.env['FASTGPT_API_KEY'],
})

const stream = await client.chat.completions.create({
  model: 'default',
  messages: [{ role: 'user', content: 'What is machine learning?' }],
  stream: true,
})
for await (const word of words()(stream.text())) console.log(JSON.stringify(word))

// Errors of a FastGPT: it says them with status 200, as an event or as JSON. Here they are the same classes as anywhere.
import { APIError, OpenAI, StreamTruncatedError } from 'sluice'

const client = new OpenAI({
  baseURL: `${process.env['FASTGPT_URL'] ?? 'http://localhost:3000'}/api/v1`,
  apiKey: process.env['FASTGPT_API_KEY'],
})

try {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content: 'Hello' }],
    stream: true,
  })
  for await (const text of stream.text()) process.stdout.write(text)
  console.log('\nComplete.')
} catch (error) {
  if (error instanceof StreamTruncatedError) console.log(`\nCut off: ${error.message}`)
  else if (error instanceof APIError) console.log(`\nFastGPT said ${error.code ?? 'nothing more'}: ${error.message}`)
  else throw error
}

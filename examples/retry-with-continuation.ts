// An answer that breaks off is gone on with: the model is asked for the rest, and the rest is joined to what was shown,
// without a repeated or a missing word. Nothing is shown twice, and the messages stay as they are.
// (A gateway does this by itself, and then the client has nothing to do.)
import { OpenAI, StreamTruncatedError } from 'sluice'

const client = new OpenAI({ onInterrupted: 'continue' })

try {
  const stream = await client.chat.completions.create({
    model: process.env['MODEL'] ?? 'default',
    messages: [{ role: 'user', content: 'Tell me a story' }],
    stream: true,
  })
  for await (const text of stream.text()) process.stdout.write(text)
  console.log(`\n(asked for the rest ${stream.metrics.rescues} times)`)
} catch (error) {
  if (!(error instanceof StreamTruncatedError)) throw error
  console.log(`\nGiven up: ${error.message}`)
}

// The same by events, in a function: `await using` closes the client, and what it has open, however the function ends.
import { ChatClient, iterStreamEvents } from 'sluice'

async function tell(content: string): Promise<void> {
  await using client = new ChatClient({
    apiKey: process.env['FASTGPT_API_KEY'] ?? 'fastgpt-xxxxx',
    baseUrl: process.env['FASTGPT_URL'],
  })
  const response = await client.createChatCompletion({ messages: [{ role: 'user', content }], stream: true })
  for await (const event of iterStreamEvents(response)) if (event.type === 'data') process.stdout.write(event.text)
  console.log()
}

await tell('Tell me about async/await')

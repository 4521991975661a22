// A function that shows an answer as it comes, and resolves to the whole of it: text, model, usage.
import { OpenAI, type ChatCompletion } from 'sluice'

const client = new OpenAI()

async function streamChat(content: string): Promise<ChatCompletion> {
  const stream = await client.chat.completions.create({
    model: 'default',
    messages: [{ role: 'user', content }],
    stream: true,
    stream_options: { include_usage: true },
  })
  for await (const text of stream.text()) process.stdout.write(text)
  return stream.completion()
}

const { model, usage } = await streamChat('Tell me a story')
console.log(`\n(${usage?.completion_tokens} tokens by ${model})`)

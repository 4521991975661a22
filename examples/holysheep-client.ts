// HolySheep AI: a client with a timeout and retries, and a generator of text. Errors are thrown, never said as text.
import { OpenAI, type ChatMessage } from 'sluice'

const client = new OpenAI({
  apiKey: process.env['HOLYSHEEP_API_KEY'],
  baseURL: process.env['HOLYSHEEP_BASE_URL'] ?? 'https://api.holysheep.ai/v1',
  timeout: 120_000,
  maxRetries: 3,
})

async function* streamChatCompletion(
  model: string,
  messages: readonly ChatMessage[],
  maxTokens = 2_048,
): AsyncGenerator<string, void, undefined> {
  const stream = await client.chat.completions.create({
    model,
    messages,
    max_tokens: maxTokens,
    temperature: 0.7,
    top_p: 0.9,
    stream: true,
    stream_options: { include_usage: true },
  })
  yield* stream.text()
  const { usage } = await stream.completion()
  console.log(`\n${usage?.prompt_tokens} tokens in, ${usage?.completion_tokens} out`)
}

for await (const text of streamChatCompletion('gpt-4o', [{ role: 'user', content: 'Tell me a story' }])) {
  process.stdout.write(text)
}

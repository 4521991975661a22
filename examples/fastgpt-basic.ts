// FastGPT's ChatClient, for those who come from its Python SDK: a raw response, line by line.
import { ChatClient, iterLines } from 'sluice'

await using client = new ChatClient({
  apiKey: process.env['FASTGPT_API_KEY'] ?? 'fastgpt-xxxxx',
  baseUrl: process.env['FASTGPT_URL'],
})
const response = await client.createChatCompletion({
  messages: [{ role: 'user', content: 'Tell me a short story' }],
  stream: true,
})
process.stdout.write('Story: ')
for await (const line of iterLines(response)) {
  const data = line.startsWith('data:') ? line.slice(5).trim() : ''
  if (data === '' || data === '[DONE]') continue
  process.stdout.write(JSON.parse(data).choices?.[0]?.delta?.content ?? '')
}
console.log()

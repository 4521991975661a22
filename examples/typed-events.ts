// FastGPT's typed events, with `detail: true`: what the workflow does, besides what it says.
import { ChatClient, iterStreamEvents } from 'sluice'

await using client = new ChatClient({
  apiKey: process.env['FASTGPT_API_KEY'] ?? 'fastgpt-xxxxx',
  baseUrl: process.env['FASTGPT_URL'],
})
const response = await client.createChatCompletion({
  messages: [{ role: 'user', content: 'Tell me about async/await' }],
  stream: true,
  detail: true,
  chatId: 'chat-1', // FastGPT remembers what was said in it.
})
for await (const event of iterStreamEvents(response)) {
  switch (event.type) {
    case 'data':
    case 'answer':
    case 'fastAnswer':
      process.stdout.write(event.text)
      break
    case 'flowNodeStatus':
      console.log(`[${event.name} is ${event.status}]`)
      break
    case 'toolCall':
    case 'toolParams':
    case 'toolResponse':
      console.log(`[${event.type} ${event.id}: ${JSON.stringify(event.tool)}]`)
      break
    case 'interactive':
      // Answer with the chosen value, or with JSON of the form's fields, in the same chatId.
      console.log(`[a question, ${event.interactive.type}: ${JSON.stringify(event.interactive.params)}]`)
      break
    case 'error':
      console.log(`[error ${event.code ?? ''}: ${event.message}]`)
      break
    case 'flowResponses': // Comes after the end of the answer.
      console.log(`\n[results of ${event.nodes.map((node) => String(node['moduleName'])).join(', ')}]`)
      break
    default:
      console.log(`[${event.type}]`)
  }
}

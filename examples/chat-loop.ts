// A chat in the terminal, which remembers what was said. Ctrl-C stops an answer, `exit` the chat.
import { createInterface } from 'node:readline/promises'
import { APIUserAbortError, OpenAI, type ChatMessage } from 'sluice'

const client = new OpenAI()
const terminal = createInterface({ input: process.stdin, output: process.stdout })
const messages: ChatMessage[] = []
let abort = new AbortController()
terminal.on('SIGINT', () => abort.abort())

process.stdout.write("Chat started. Type 'exit' to quit.\n\nYou: ")
for await (const content of terminal) {
  if (content.toLowerCase() === 'exit') break
  messages.push({ role: 'user', content })
  process.stdout.write('Assistant: ')
  abort = new AbortController()
  try {
    const stream = await client.chat.completions.create(
      { model: 'default', messages, stream: true },
      { signal: abort.signal },
    )
    for await (const text of stream.text()) process.stdout.write(text)
    messages.push({ role: 'assistant', content: (await stream.completion()).choices[0]?.message.content ?? '' })
  } catch (error) {
    if (!(error instanceof APIUserAbortError)) throw error
  }
  process.stdout.write('\n\nYou: ')
}
terminal.close()
